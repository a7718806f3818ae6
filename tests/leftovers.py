# SPDX-License-Identifier: Apache-2.0
"""What a program leaves behind in this process: threads and open files."""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.events import wait_until


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fails unless the threads that are started and the files that are opened inside are gone in the end."""
    # What tests before this one have left may go at any time.
    gc.collect()
    threads, files = set(threading.enumerate()), open_files()
    yield
    gc.collect()
    # Threads of others, such as those that watch worker processes, open a file now and then.
    wait_until(lambda: set(threading.enumerate()) <= threads and open_files() <= files)


def open_files() -> set[tuple[str, str]]:
    """The open files by their number, as far as the system tells."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))
        except FileNotFoundError:
            # The list itself, or what another thread has closed meanwhile.
            continue
    return found
