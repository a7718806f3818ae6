# SPDX-License-Identifier: Apache-2.0
"""The right to write somewhere, which one process at a time has and which ends with it, on every platform."""

from contextlib import AbstractContextManager
from pathlib import Path

from .packages import import_package


def claim(path: Path) -> AbstractContextManager | None:
    """Holds the lock file at `path` until the block of what it returns ends; None where another process, or another claim, holds it.

    Raises OSError where the file cannot be made, and UserError where the package filelock is not installed.
    """
    filelock = import_package("filelock")
    try:
        return filelock.FileLock(path).acquire(timeout=0)
    except filelock.Timeout:
        return None
