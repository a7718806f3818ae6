# SPDX-License-Identifier: Apache-2.0
"""Files on this machine, and behind addresses that fsspec knows (s3://, gs://, memory://, ...)."""

import os
import re
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .addresses import clean_address
from .errors import NO_ROOM, UserError
from .packages import import_package

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PART = ".part-"


def is_remote(place: str | os.PathLike) -> bool:
    """Whether `place` begins with a scheme, as s3://bucket/clip.mp4 does: it is read and written through fsspec."""
    return _ADDRESS.match(os.fsdecode(place)) is not None


def joined(folder: str | os.PathLike, name: str) -> str:
    """The place of `name` in `folder`."""
    return f"{os.fsdecode(folder).rstrip('/')}/{name}"


def size_and_time(place: str) -> tuple[int, float]:
    """The size of the file at `place` in bytes, and when it was last written in seconds of Unix time, 0 where its store does not tell.

    Raises UserError where it cannot be read, as all functions here.
    """
    with _opened(place) as (files, path):
        size = files.info(path).get("size") or 0
        modified_s = 0.0
        with suppress(NotImplementedError, KeyError, TypeError):
            modified_s = files.modified(path).timestamp()
    return size, modified_s


def is_file(place: str) -> bool:
    """Whether there is a file at `place`."""
    with _opened(place) as (files, path):
        return files.isfile(path)


def files_in(place: str, recursive: bool = False) -> list[str] | None:
    """The addresses of the files in the folder at `place`, sorted; None where no folder is there. recursive: of those inside it, too."""
    with _opened(place) as (files, path):
        if not files.isdir(path):
            return None
        found = files.find(path, maxdepth=None if recursive else 1)
        return sorted(map(files.unstrip_protocol, found))


def fetch(place: str, folder: Path) -> Path:
    """A copy of the file at `place` in `folder`, of its name, size and time."""
    copy = folder / (place.rstrip("/").rpartition("/")[2] or "clip")
    _, modified_s = size_and_time(place)
    with _opened(place) as (files, path):
        files.get_file(path, str(copy))
    os.utime(copy, (modified_s, modified_s))
    return copy


def write_whole(place: str, content: bytes) -> None:
    """Writes the file at `place`, which has its former content until it is whole, or until its store replaces it."""
    with _opened(place) as (files, path):
        if _is_local(files):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            part = Path(path).with_name(f"{_PART}{uuid.uuid4().hex}")
            part.write_bytes(content)
            os.replace(part, path)
        else:
            files.pipe_file(path, content)


def copy_whole(folder: Path, place: str, last: str, replaced: Collection[str] = ()) -> None:
    """Copies the files of `folder` into the folder at `place`, the file `last` behind all others: where it is, all are.

    An earlier `last` goes first, and then what bears one of the names `replaced` and is not copied. When copying fails, what was copied
    goes again; what a killed process left has no `last`.
    """
    names = sorted(path.name for path in folder.iterdir() if path.name != last)
    there = {address.rpartition("/")[2] for address in files_in(place) or ()}
    with _opened(place) as (files, root):
        files.makedirs(root, exist_ok=True)
        # In this order, so that a copy which is cut off is never taken for a whole one.
        for name in (last, *(set(replaced) - {*names, last})):
            if name in there:
                files.rm_file(f"{root}/{name}")
        if _is_local(files):
            for part in Path(root).glob(f"{_PART}*"):
                part.unlink(missing_ok=True)
        copied = []
        try:
            for name in (*names, last):
                copied.append(f"{root}/{name}")
                _put(files, folder / name, copied[-1])
        except BaseException:
            for path in copied:
                # What is told is why copying failed.
                with suppress(Exception):
                    files.rm_file(path)
            raise


def _put(files, source: Path, path: str) -> None:
    if not _is_local(files):
        files.put_file(str(source), path)
        return
    try:
        _put_here(source, Path(path))
    except FileNotFoundError:
        # Another worker that got the same clip, since this one seemed to be lost, took the part for one that was left.
        _put_here(source, Path(path))


def _put_here(source: Path, path: Path) -> None:
    part = path.with_name(f"{_PART}{uuid.uuid4().hex}")
    try:
        shutil.copyfile(source, part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _is_local(files) -> bool:
    return "file" in ((files.protocol,) if isinstance(files.protocol, str) else files.protocol)


@contextmanager
def _opened(place: str) -> Iterator[tuple]:
    """The file system of `place`, and the path in it; what it raises is told as a UserError."""
    fsspec = import_package("fsspec", "a place with a scheme")
    place = os.fsdecode(place)
    try:
        if is_remote(place):
            yield fsspec.core.url_to_fs(place)
        else:
            yield fsspec.filesystem("file"), os.path.abspath(place)
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{clean_address(place)}: expected a file or folder there, found none") from error
    except Exception as error:
        # Every store has errors of its own kinds.
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        said = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{clean_address(place)}: cannot be read or written ({said})") from error
