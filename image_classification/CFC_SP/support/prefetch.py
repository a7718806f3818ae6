"""Work done ahead of its use, in a thread of its own."""

import threading
from collections.abc import Iterable, Iterator
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")
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
