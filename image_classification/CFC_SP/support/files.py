"""Files that are whole or not there: the writing side of every artefact, and what identifies one."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
