# SPDX-License-Identifier: Apache-2.0
"""The right to write somewhere, which one process at a time has and which ends with it, on every platform."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:
    # Windows, where no folder can be opened.
    fcntl = None

STAND_IN = ".cfc-sp.lock"
"""The file that stands for its folder where no folder can be opened."""


def claim(path: Path) -> AbstractContextManager | None:
    """Holds the lock file at `path` until the block of what it returns ends; None where another process, or another claim, holds it.

    Raises OSError where the file cannot be made.
    """
    import filelock

    try:
        # Whoever ends it may do so in another thread.
        return filelock.FileLock(path, thread_local=False).acquire(timeout=0)
    except filelock.Timeout:
        return None


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """As long as the block lasts, no other process is in such a block with this folder."""
    if fcntl is None:
        import filelock

        with filelock.FileLock(folder / STAND_IN):
            yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems lock nothing.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
