# SPDX-License-Identifier: Apache-2.0
"""How far a long pass is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator

from tqdm import tqdm

LINE_EVERY_S = 10.0
Watch = Callable[[Iterable, str, int | None], Iterable]
"""What the items of a long pass go through: it takes them, what is done with them, and about how many there are, and gives them on."""


def unwatched(items: Iterable, what: str, total: int | None) -> Iterable:
    """`items` as they are, and nothing is said."""
    return items


def shown(items: Iterable, what: str, total: int | None, quiet: bool = False, note: Callable[[], str] | None = None) -> Iterable:
    """`items` as they are, with frames a second and the time left on standard error; `total`: how many there will be, about.

    note: gives some words on the newest item. Where standard error is no terminal, a line of text tells it every LINE_EVERY_S seconds.
    The first item waits for all that has to be made ready: how fast it goes is known from those behind it.
    """
    if quiet:
        return items
    return _told(iter(items), _with_bar if sys.stderr.isatty() else _with_lines, what, total, note)


def _told(items: Iterator, tell: Callable[..., Iterator], *words) -> Iterator:
    for first in items:
        yield first
        yield from tell(items, *words)


def _with_bar(items: Iterator, what: str, total: int | None, note: Callable[[], str] | None) -> Iterator:
    bar = tqdm(items, desc=what, total=total, initial=1, unit=" frames", dynamic_ncols=True, leave=False)
    for item in bar:
        if note is not None:
            bar.set_postfix_str(note(), refresh=False)
        yield item


def _with_lines(items: Iterator, what: str, total: int | None, note: Callable[[], str] | None) -> Iterator:
    begin = last = time.monotonic()
    for count, item in enumerate(items, 2):
        now = time.monotonic()
        if now - last >= LINE_EVERY_S:
            last, rate = now, (count - 1) / (now - begin)
            left = f" of {total}, {(total - count) / rate:.0f} s left" if total and total >= count else ""
            words = f"; {note()}" if note else ""
            print(f"{what}: {count} frames{left}, {rate:.1f} frames/s{words}", file=sys.stderr, flush=True)
        yield item
