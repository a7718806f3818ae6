# SPDX-License-Identifier: Apache-2.0
"""Seconds that each stage of some work takes."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Counts seconds by stage. Stages may nest, and threads may measure at the same time.

    seconds: what each stage has taken so far, by name.

    >>> watch = Stopwatch()
    >>> with watch.stage("read"):
    ...     pass
    >>> list(watch.seconds)
    ['read']
    """

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self._begin = time.perf_counter()
        self._thread = threading.local()

    @property
    def total_s(self) -> float:
        """Seconds since the stopwatch was made."""
        return time.perf_counter() - self._begin

    def add(self, stage: str, seconds: float) -> None:
        """Counts seconds that something else measured."""
        self.seconds[stage] += seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time of the block to the stage `name`, less that of stages inside it."""
        begin, outer = time.perf_counter(), getattr(self._thread, "inner_s", 0.0)
        self._thread.inner_s = 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.seconds[name] += spent - self._thread.inner_s
            self._thread.inner_s = outer + spent

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The items as they are; the time that each takes to come counts to the stage `name`."""
        items = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
