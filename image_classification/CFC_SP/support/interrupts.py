"""Ctrl-C and SIGTERM as a wish to end well."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_first_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """As long as the block lasts, Ctrl-C and SIGTERM call `act` and do not end the program; a second one is what it always is.

    One that is ignored, as Ctrl-C is in the background of a shell, stays so.
    """
    # Python lets the main thread alone handle signals.
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM) if main}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def first(*_) -> None:
        restore()
        act()

    try:
        for number in before:
            signal.signal(number, first)
        yield
    finally:
        restore()
