# SPDX-License-Identifier: Apache-2.0
"""Work done ahead of its use: by one thread where each item needs the one before, by several where none does."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import Full, Queue
from typing import TypeVar

T, K = TypeVar("T"), TypeVar("K")
# How often a producer that waits for room looks whether anybody still wants what it makes.
_PATIENCE_S = 0.1


def prefetch(items: Iterable[T], depth: int) -> Iterator[T]:
    """The items of `items`, in order, produced by a thread that runs at most `depth` of them ahead.

    An exception of `items` is raised here, after the items before it. Closing the generator (or leaving its loop for good) ends
    the thread before it returns, so that what `items` reads from may be closed then.
    """
    queue: Queue = Queue(depth)
    stop = threading.Event()

    def put(kind: str, value) -> bool:
        while not stop.is_set():
            try:
                queue.put((kind, value), timeout=_PATIENCE_S)
                return True
            except Full:
                pass
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = queue.get()
            if kind == "item":
                yield value
            elif kind == "error":
                raise value
            else:
                return
    finally:
        stop.set()
        thread.join()


def prefetch_map(function: Callable[[K], T], keys: Iterable[K], threads: int) -> Iterator[T]:
    """`function(key)` for each of `keys`, in order, computed by `threads` threads; as many results, two at least, wait for their use.

    An exception of `function` is raised in its result's place.
    """
    keys = iter(keys)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="prefetch") as pool:
        pending = deque(pool.submit(function, key) for key in islice(keys, max(2, threads)))
        try:
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(function, key) for key in islice(keys, 1))
        finally:
            for future in pending:
                future.cancel()
