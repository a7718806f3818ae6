# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and the end of the terminal (SIGHUP) as a wish to end well."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def on_first_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """As long as the block lasts, each of SIGNALS calls `act` and does not end the program; a second one is what it always is.

    One that is ignored, as Ctrl-C is in the background of a shell, stays so.
    """
    # Python lets the main thread alone handle signals.
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if main}
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


def leave_to_the_caller() -> None:
    """Ignores SIGNALS in this process, which ends with the one that started it: they reach all processes of a terminal, or of a service."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def as_ctrl_c() -> AbstractContextManager[None]:
    """As long as the block lasts, the first of SIGNALS raises KeyboardInterrupt; the handlers of before come back, whoever sets others."""
    return on_first_interrupt(_interrupt)


@contextmanager
def held_back() -> Iterator[None]:
    """Raises KeyboardInterrupt as soon as the block is over, where one of SIGNALS came meanwhile; a second one is what it always is."""
    wishes: list[bool] = []
    with on_first_interrupt(lambda: wishes.append(True)):
        yield
    if wishes:
        raise KeyboardInterrupt


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt
