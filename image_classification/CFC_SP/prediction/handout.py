# SPDX-License-Identifier: Apache-2.0
"""Which clip is handed out next, and what becomes of one whose worker ended."""

from collections import deque
from collections.abc import Collection, Sequence

MOST_ENDED = 2
"""So many workers on machines that live on may end with a clip: then it is the clip."""
MOST_LOST = 5
"""So many workers may end with a clip at all, lost machines among them."""


class Handout:
    """The places of clips of these sizes, the largest first, so that no long one is begun when all others are done.

    A clip is handed out again when its worker ends before it is done. unfinished: how many clips are neither done nor given up.
    """

    def __init__(self, sizes: Sequence[int], leave_out: Collection[int] = ()):
        order = sorted(range(len(sizes)), key=lambda place: -sizes[place])
        self._waiting = deque(place for place in order if place not in leave_out)
        self._machines: dict[int, list[str]] = {}
        self.unfinished = len(self._waiting)

    def next(self) -> int | None:
        """The place of a clip to work on; None where none waits."""
        return self._waiting.popleft() if self._waiting else None

    def done(self) -> None:
        """One that was handed out is done, well or not."""
        self.unfinished -= 1

    def worker_ended(self, place: int, machine: str, living: Collection[str]) -> str | None:
        """Hands the clip out again, before all others; or why it is given up, in a sentence.

        machine: on which its worker was. living: the machines that are there; who worked on another one was lost with it.
        """
        ended = self._machines.setdefault(place, [])
        ended.append(machine)
        here = sum(machine in living for machine in ended)
        if here < MOST_ENDED and len(ended) < MOST_LOST:
            self._waiting.appendleft(place)
            return None
        self.unfinished -= 1
        if here >= MOST_ENDED:
            return f"{here} workers were ended while they worked on it: it is damaged, or takes more memory than there is"
        return f"{len(ended)} workers were lost while they worked on it, with their machines"
