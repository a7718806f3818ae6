# SPDX-License-Identifier: Apache-2.0
"""Folders for a while, also where the process that made one is killed."""

import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import NO_ROOM, UserError

try:
    import fcntl
except ModuleNotFoundError:
    # Windows, where what a killed process leaves behind stays.
    fcntl = None

_PREFIX = "cfc-sp-tmp-"
_YOUNG_S = 60.0


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A folder of this process's own, which goes when the block ends. Those of processes that were killed go, too.

    Raises UserError where there is no place for one, and where the disk is full.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-")
    except OSError as error:
        raise UserError(
            f"expected a folder for temporary files, found none that can be written to ({error.strerror}): set TMPDIR to one"
        ) from error
    with folder as path:
        # A younger one may not be locked yet.
        _remove_unlocked(Path(path).parent.glob(f"{_PREFIX}*"), time.time() - _YOUNG_S)
        with _locked(path):
            try:
                yield path
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                place = Path(path).parent
                raise UserError(f"no temporary file can be written to {place} ({error.strerror}): make room, or set TMPDIR") from error


def remove_folders_of(process: int) -> None:
    """Removes the temporary folders of a process that has been killed; the next one that makes a folder would otherwise do it."""
    # Where there is no place for one, there is none.
    with suppress(OSError):
        _remove_unlocked(Path(tempfile.gettempdir()).glob(f"{_PREFIX}{process}-*"))


@contextmanager
def _locked(path: str | os.PathLike) -> Iterator[None]:
    """Holds the folder as long as the block, and this process, last; raises OSError where another process does."""
    if fcntl is None:
        yield
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _remove_unlocked(folders: Iterable[Path], before: float = math.inf) -> None:
    """Removes those of this person's folders that no process holds and that were made before that time."""
    for path in folders if fcntl else ():
        # Another's, or another process is faster.
        with suppress(OSError):
            if path.stat().st_uid == os.getuid() and path.stat().st_mtime < before:
                with _locked(path):
                    shutil.rmtree(path)
