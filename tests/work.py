# SPDX-License-Identifier: Apache-2.0
"""Bounds on work, counted in calls: a busy machine takes longer for them, but never makes more of them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# What a bounded reader needs at most takes half of it; a bomb would take thousands of times as many.
MOST_CALLS = 10_000_000


class TooMuchWorkError(BaseException):
    """More calls than a bounded program makes; no handler of faults catches it."""


@contextmanager
def bounded_work(most_calls: int = MOST_CALLS) -> Iterator[None]:
    """Ends what runs inside with TooMuchWorkError as soon as it has made more than `most_calls` calls of functions, C's included."""
    left = most_calls

    def count(_frame, event, _argument):
        nonlocal left
        if event in ("call", "c_call"):
            left -= 1
            if left < 0:
                sys.setprofile(None)
                raise TooMuchWorkError(f"more than {most_calls} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
