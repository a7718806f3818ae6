# SPDX-License-Identifier: Apache-2.0
"""Waiting for an event, never for a time: the limit is one that only a fault reaches, however busy the machine is."""

import threading
import time
from collections.abc import Callable

LIMIT_S = 300.0


def wait_until(happened: Callable[[], bool], process=None) -> None:
    """Returns as soon as `happened()` is true. Fails after LIMIT_S, or where `process` (a Popen) ends first."""
    limit = time.monotonic() + LIMIT_S
    while not happened():
        assert process is None or process.poll() is None, "the process has ended before what was waited for"
        assert time.monotonic() < limit, "what was waited for has not happened"
        time.sleep(0.01)


def join(thread: threading.Thread) -> None:
    """Waits for a thread's end."""
    thread.join(LIMIT_S)
    assert not thread.is_alive()
