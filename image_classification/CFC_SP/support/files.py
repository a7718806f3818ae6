"""Files that are whole or not there: the writing side of every artefact, and what identifies one."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the final name, synced to disk, only when the block ends without error.

    The temporary keeps the ending of `path`, by which libraries choose a format; after an error it is removed.
    """
    path = Path(path)
    temporary = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # Some libraries create their files for the owner alone.
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_bounded(path: str | Path, most: int) -> bytes:
    """The bytes of the file at `path`; raises UserError where there are more than `most`, where it is no ordinary file (a pipe would be
    waited for), and where it cannot be read."""
    try:
        # A pipe is opened all the same, without waiting for its writer.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UserError(f"{path}: expected a file, found something else of that name: a pipe, a folder or a device")
            data = file.read(most + 1) if found.st_size <= most else b""
            if max(found.st_size, len(data)) > most:
                raise UserError(f"{path}: expected {most} bytes at most, found {max(found.st_size, len(data))}: it is another kind of file")
            return data
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


class Nameless:
    """What FFmpeg needs of an open file, without the name that some of its probes go by."""

    def __init__(self, file):
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


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
