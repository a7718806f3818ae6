# SPDX-License-Identifier: Apache-2.0
"""How often one address may ask for work."""

import time
from collections import OrderedDict
from collections.abc import Callable

# So many addresses are remembered; the one that has asked for nothing for longest is forgotten first.
_ADDRESSES = 10_000


class RateLimit:
    """`a_minute` requests from each address, all of them at once if it likes; 0: any number. clock: gives seconds."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic):
        self._a_minute, self._clock = a_minute, clock
        # What each address has left, and since when.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """0 where the address may ask now, which counts as a request; otherwise after how many seconds it may."""
        if not self._a_minute:
            return 0
        now, a_second = self._clock(), self._a_minute / 60
        left, since = self._left.pop(address, (self._a_minute, now))
        left = min(self._a_minute, left + (now - since) * a_second)
        self._left[address] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)
        return 0 if left >= 1 else int((1 - left) / a_second) + 1
