# SPDX-License-Identifier: Apache-2.0
"""The folder of one clip's results, in which a file bears its final name only when it is whole."""

import itertools
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..support.errors import NO_ROOM, UserError
from ..support.files import is_alive, make_folder
from ..support.packages import require_package


class _Format(NamedTuple):
    """The name of the file, its media type, and the packages that writing it takes, which not everyone has."""

    file: str
    media_type: str
    packages: tuple[str, ...] = ()


_TEXT = "charset=utf-8"
_FORMATS = {
    "csv": _Format("frames.csv", f"text/csv; {_TEXT}"),
    "json": _Format("result.json", "application/json"),
    "mp4": _Format("annotated.mp4", "video/mp4"),
    "html": _Format("report.html", f"text/html; {_TEXT}", ("bokeh", "jinja2")),
    "png": _Format("timeline.png", "image/png", ("matplotlib",)),
    "segments": _Format("segments.csv", f"text/csv; {_TEXT}"),
    "eaf": _Format("segments.eaf", f"application/xml; {_TEXT}"),
    "textgrid": _Format("segments.TextGrid", f"text/plain; {_TEXT}"),
    "vtt": _Format("segments.vtt", f"text/vtt; {_TEXT}"),
    "srt": _Format("segments.srt", f"application/x-subrip; {_TEXT}"),
    "boris": _Format("segments.boris", "application/json"),
    "parquet": _Format("frames.parquet", "application/vnd.apache.parquet", ("pyarrow",)),
}
FILES = {name: one.file for name, one in _FORMATS.items()}
"""What `-formats` may ask for, and the name each has in the clip's folder."""
MEDIA_TYPES = {one.file: one.media_type for one in _FORMATS.values()}
"""What a server calls each of those files."""

_PART = re.compile(rf"\.(?:{'|'.join(map(re.escape, FILES.values()))})\.part-(\d+)")


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """The formats without repetition, and mp4 where html needs it; raises UserError where one is unknown or needs a
    package that is not installed, and where there is none."""
    formats = tuple(dict.fromkeys(formats))
    unknown = [name for name in formats if name not in FILES]
    if unknown or not formats:
        raise UserError(
            f"expected output formats among {', '.join(FILES)}, found {', '.join(unknown) or 'none'}: name one or more with -formats"
        )
    for name in formats:
        for package in _FORMATS[name].packages:
            require_package(package, f"-formats {name}")
    return (*formats, "mp4") if "html" in formats and "mp4" not in formats else formats


class OutputFolder:
    """`<root>/<stem>/`, made and tried out when the object is built, so that a fault is known before any work is done.

    Use it as a context manager. Inside, each file is written to `part(format)`, a temporary in the same folder. When the block
    ends well, the parts of the `formats` asked for are flushed to the disk and renamed together to their final names, the other
    parts are removed, and `files` lists the final paths; when it ends with an error or Ctrl-C, all parts are removed and earlier
    results stay as they were. `deliver` gives files their final names before the block ends, whatever becomes of the others. Parts
    that a killed process left behind go when the next run opens the folder. The process ids in the parts' names tell runs apart,
    so two clips with one stem must not be open at a time in one process.

    Raises UserError for an unknown format, a stem that names no folder, a folder that cannot be made or written to, something
    that stands where a file shall go, and, from inside the block, a disk that is full and a
    folder that is gone.
    """

    def __init__(self, root: str | os.PathLike, stem: str, formats: Iterable[str], process: int | None = None):
        self._process = os.getpid() if process is None else process
        self.formats = check_formats(formats)
        if stem in ("", ".", "..") or os.path.basename(stem) != stem:
            raise UserError(f"expected a clip name that can name an output folder, found {stem!r}: rename the clip")
        self.path = Path(root).absolute() / stem
        self.files: list[Path] = []
        self.removed: list[Path] = []
        self._made = False
        self._open()

    @classmethod
    def new(cls, root: str | os.PathLike, stem: str, formats: Iterable[str]) -> "OutputFolder":
        """A folder that was not there: `stem`, or `stem-2` and so on where it is taken, by another process at the same time, too."""
        formats = check_formats(formats)
        for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
            path = Path(root).absolute() / name
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                if os.path.lexists(path):
                    continue
            except OSError:
                # What is wrong is said where it is tried again.
                pass
            folder = cls(root, name, formats)
            folder._made = True
            return folder

    @classmethod
    def left_behind(cls, root: str | os.PathLike, formats: tuple[str, ...]) -> Iterator["OutputFolder"]:
        """The folders below `root` in which a process that is gone left parts of all of the formats: `part` gives those."""
        for path in Path(root).glob(f"*/.{FILES[formats[0]]}.part-*"):
            process = int(match[1]) if (match := _PART.fullmatch(path.name)) else os.getpid()
            parts = [path.with_name(f".{FILES[name]}.part-{process}") for name in formats]
            if process != os.getpid() and not is_alive(process) and all(part.is_file() for part in parts):
                yield cls(root, path.parent.name, formats, process)

    def __enter__(self) -> "OutputFolder":
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if error is None:
                self.deliver(*(name for name in self.formats if self.path / FILES[name] not in self.files or self.part(name).exists()))
        finally:
            self._remove_parts()
            is_gone = not self.path.is_dir()
            if self._made and not is_gone and not any(self.path.iterdir()):
                self.path.rmdir()
        if isinstance(error, OSError) and (error.errno in NO_ROOM or is_gone):
            raise cannot_be_written(self.path, error) from error

    def make_again(self) -> None:
        """Makes a folder that somebody has removed, or a temporary one in its place where that cannot be; what lay in it is lost."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError:
            self.path = Path(tempfile.mkdtemp(prefix=f"cfc-sp-{self.path.name}-"))
        self._made = True

    def check_source(self, path: str | os.PathLike) -> None:
        """Raises UserError where a result would take the place of the clip at `path`."""
        for final in (self.path / FILES[name] for name in self.formats):
            if final.exists() and os.path.exists(path) and os.path.samefile(final, path):
                raise UserError(f"expected results beside the clip, found that they would overwrite it at {final}: choose another -out")

    def remove_earlier(self, source: str | os.PathLike) -> None:
        """Removes the results that an earlier call left here and this one did not write anew: they show another analysis, perhaps with
        faces that are hidden now. `removed` lists them. Nothing is removed where `source`, the clip, lies in this folder itself."""
        if lies_in(source, self.path):
            return
        try:
            for earlier in (self.path / name for name in FILES.values()):
                if earlier not in self.files and earlier.is_file():
                    earlier.unlink()
                    self.removed.append(earlier)
        except OSError as error:
            raise cannot_be_written(self.path, error) from error

    def remove_left(self) -> None:
        """Removes the parts that processes which were killed have left in the folder."""
        self._remove_parts()

    def part(self, name: str) -> Path:
        """Where to write the file of the format `name`, asked for or not: a temporary that lasts as long as the block."""
        return self.path / f".{FILES[name]}.part-{self._process}"

    def location(self, name: str) -> Path:
        """Where the file of the format `name` that this block wrote is now: under its final name if it was delivered."""
        final = self.path / FILES[name]
        return final if final in self.files else self.part(name)

    def leave_out(self, name: str) -> None:
        """Removes what was written of the format `name`, which is then not delivered."""
        self.formats = tuple(other for other in self.formats if other != name)
        self.part(name).unlink(missing_ok=True)

    def deliver(self, *names: str) -> None:
        """Flushes the parts of those of the formats `names` that were asked for to the disk and gives them their final names."""
        parts = {self.part(name): self.path / FILES[name] for name in names if name in self.formats}
        try:
            for part in parts:
                _flush(part)
            for part, final in parts.items():
                os.replace(part, final)
                if final not in self.files:
                    self.files.append(final)
            _flush(self.path)
        except OSError as error:
            raise cannot_be_written(self.path, error) from error

    def _open(self) -> None:
        try:
            self._made = not self.path.is_dir()
            make_folder(self.path)
            # Only a real write tells: permission bits say nothing to root, and a full or read-only disk has fine ones.
            with tempfile.TemporaryFile(dir=self.path) as probe:
                probe.write(b"x")
            if self._process == os.getpid():
                self._remove_parts()
        except OSError as error:
            raise cannot_be_written(self.path, error) from error
        for name in self.formats:
            if (self.path / FILES[name]).is_dir():
                raise UserError(
                    f"expected a file or nothing at {self.path / FILES[name]}, found a folder: remove it, or choose another -out"
                )

    def _remove_parts(self) -> None:
        for path in self.path.glob(".*.part-*"):
            match = _PART.fullmatch(path.name)
            if match and (int(match[1]) == self._process or not is_alive(int(match[1]))):
                path.unlink(missing_ok=True)


def lies_in(path: str | os.PathLike, folder: str | os.PathLike) -> bool:
    """Whether `path` is the folder, or anywhere below it."""
    return Path(path).resolve().is_relative_to(Path(folder).resolve())


def result_file(folder: str | os.PathLike, name: str) -> Path:
    """The file of the format `name` in a folder of results; raises UserError where the clip was predicted without it."""
    path = Path(folder) / FILES[name]
    if not path.is_file():
        raise UserError(f"expected {path.name} in a folder of results, found none in {str(folder)!r}: predict with -formats csv,json")
    return path


def cannot_be_written(folder: Path, error: OSError) -> UserError:
    """What to tell of a folder in which `error` came up."""
    return UserError(
        f"expected a folder that the results can be written to, found {folder} ({error.strerror}): "
        "make room or change its permissions, or choose another folder with -out"
    )


def _flush(path: Path) -> None:
    """Waits until the file or folder is on the disk, so that no crash of the machine leaves a final name without its contents."""
    if sys.platform == "win32" and path.is_dir():
        # No folder can be opened there.
        return
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
