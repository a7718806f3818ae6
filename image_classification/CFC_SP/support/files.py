# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there: the writing side of every artefact, and what identifies one."""

import errno
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import UserError

# How a file of whatever kind is opened to be looked at: a pipe is not waited for, and Windows changes no line ends.
READ_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the final name, synced to disk, only when the block ends without error.

    The temporary keeps the ending of `path`, by which libraries choose a format; after an error it is removed.
    """
    path = Path(path)
    temporary = path.with_name(part_name(path.name))
    remove_dead_parts(path.parent, path.name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # Some libraries create their files for the owner alone.
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(path: str | Path, option: str = "-out") -> None:
    """Makes the folder `path`, and those above it, where they are missing; raises UserError, which names `option`, where a file stands in
    its place or in that of one above it, and OSError where it cannot be made for another reason."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        # The system names the folder that was asked for, which need not be what is in its way.
        found = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
        what = "a file" if found.is_file() else "something else"
        raise UserError(f"{option}: expected a folder, found {what} at {found}: move it away, or choose another {option}") from error


def part_name(name: str) -> str:
    """What the part of `name`, a file or folder, is called as long as this process makes it."""
    return f".part-{os.getpid()}-{name}"


def remove_dead_parts(folder: Path, name: str) -> None:
    """Removes the parts of `name` in `folder`, and what is named after them, whose processes are gone: killed, they left them behind."""
    pattern = re.compile(rf"\.part-(\d{{1,9}})-{re.escape(name)}(?:-\w+)?")
    try:
        parts = [path for path in folder.iterdir() if (match := pattern.fullmatch(path.name)) and not is_alive(int(match[1]))]
    except OSError:
        # Whoever writes there will say so.
        return
    for part in parts:
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Whether there is a process of that number."""
    if sys.platform == "win32":
        # There, signal 0 is Ctrl-C.
        import psutil

        return psutil.pid_exists(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        # A number beyond those of processes stands in a name that somebody else gave.
        return False
    except PermissionError:
        pass
    return True


def open_bounded(path: str | Path, most: int) -> BinaryIO:
    """The file at `path`, open for reading; raises UserError where it has more than `most` bytes, where it is no ordinary file (a pipe
    would be waited for), and where it cannot be opened."""
    try:
        # A pipe is opened all the same, without waiting for its writer.
        handle = os.open(path, READ_AT_ONCE)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    found, reason = os.fstat(handle), None
    if not stat.S_ISREG(found.st_mode):
        reason = "expected a file, found something else of that name: a pipe, a folder or a device"
    elif found.st_size > most:
        reason = f"expected {most} bytes at most, found {found.st_size}: it is another kind of file"
    if reason:
        os.close(handle)
        raise UserError(f"{path}: {reason}")
    return open(handle, "rb")


def read_bounded(path: str | Path, most: int) -> bytes:
    """The bytes of the file at `path`, `most` at most; raises UserError as `open_bounded`."""
    with open_bounded(path, most) as file:
        try:
            return file.read(most)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def read_names(path: str | Path, most: int) -> bytes:
    """The bytes of a text file that names files; raises UserError as `open_bounded`, and for a zero byte, which no name holds."""
    content = read_bounded(path, most)
    if b"\0" in content:
        raise UserError(f"{path}: expected text in UTF-8, found a zero byte: save it as UTF-8")
    return content


class AnonymousFile:
    """What FFmpeg needs of an open file, without the name that some of its probes go by."""

    def __init__(self, file):
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves as the file does; where there is no such place, below its begin or far beyond any end, to which damage may lead, FFmpeg
        gets an error number and not an exception that PyAV prints."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


def sha256_of(path: str | Path) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_sha() -> str:
    """The commit this code is at, "-dirty" when files differ from it; "unknown" outside a git checkout."""
    here = Path(__file__).parents[2]
    try:
        # A package installed below somebody else's checkout is not theirs.
        subprocess.run(["git", "ls-files", "--error-unmatch", Path(__file__)], cwd=here, capture_output=True, check=True)
        sha = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "status", "--porcelain", "--untracked-files=no", "."]
        dirty = subprocess.run(status, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{sha}-dirty" if dirty else sha
