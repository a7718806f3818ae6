# SPDX-License-Identifier: Apache-2.0
"""The clips that a person means by the paths of files and folders."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..support.printable import counted
from ..video.clip import VIDEO_ENDINGS
from ..video.pictures import is_picture, natural_order
from ..writers.output import FILES

# So many folders are looked into for videos that are only told of.
_MOST_PEEKED = 1000
# So many kinds of files that were left out are named.
_MOST_KINDS = 6


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file or a folder of pictures at `path`, and the `name` that its results bear where those of no other clip do.

    fault: why there is no clip at `path`, in a sentence; None where there may be one.
    """

    path: Path
    name: str
    fault: str | None = None


def find_clips(paths: Iterable[str | os.PathLike], recursive: bool = False) -> tuple[list[Clip], list[str]]:
    """The clips at `paths` in order, and a sentence for each folder in which something was left out.

    A folder stands for the video files in it, in natural order, or, without any, for itself as a folder of pictures. recursive: a folder
    stands for the video files in it and in the folders inside it, or, without any, for each of these folders that holds pictures. Hidden
    files and folders are passed over, and so are annotated videos that lie beside their rows.
    """
    clips, notes = [], []
    for path in map(Path, paths):
        if not _is_open(path):
            # A folder that cannot be listed is a failure of that clip alone, which its reader reports.
            clips.append(_named(path))
            continue
        folders = list(_walk(path)) if recursive else [_Listing.at(path)]
        videos = [video for folder in folders for video in folder.videos]
        with_pictures = [folder.path for folder in folders if folder.pictures]
        inside = 0 if recursive else sum(bool(f.videos) for f in islice(_walk(path), 1, _MOST_PEEKED))
        shown = repr(os.fsdecode(path))
        if not videos and not with_pictures and inside:
            where = f"expected videos or pictures in {shown}, found videos in {counted(inside, 'folder')} inside it: add -recursive"
            clips.append(Clip(path, path.resolve().name, where))
            continue
        clips += map(_named, videos or with_pictures or [path])
        left_out = _left_out(folders, bool(videos), inside)
        if left_out and (videos or with_pictures):
            what = counted(len(videos), "video") if videos else counted(len(with_pictures), "folder") + " of pictures"
            notes.append(f"{shown}: {what}. Left out: {'; '.join(left_out)}.")
    return clips, notes


def _named(path: Path) -> Clip:
    return Clip(path, (path.resolve().name if path.is_dir() else path.stem) or "clip")


@dataclass(slots=True)
class _Listing:
    """What lies in the folder at `path`, by kind and in natural order. results: how many annotated videos of ours; no_files: how many
    pipes, devices and links that lead nowhere."""

    path: Path
    videos: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    results: int = 0
    no_files: int = 0

    @classmethod
    def at(cls, path: Path) -> "_Listing":
        found = cls(path)
        entries = sorted((entry for entry in path.iterdir() if not entry.name.startswith(".")), key=natural_order)
        names = {entry.name for entry in entries}
        for entry in entries:
            ending = entry.suffix.lower()
            if entry.is_dir():
                found.folders.append(entry)
            elif entry.name == FILES["mp4"] and names & {FILES["csv"], FILES["json"]}:
                found.results += 1
            elif not entry.is_file():
                found.no_files += 1
            elif ending in VIDEO_ENDINGS:
                found.videos.append(entry)
            elif is_picture(entry):
                found.pictures.append(entry)
            elif entry.name not in FILES.values():
                found.others.append(entry)
        return found


def _is_open(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.R_OK | os.X_OK)


def _walk(path: Path) -> Iterator[_Listing]:
    """The folder, and those inside it that may be listed, each once: links may lead back."""
    met, waiting = set(), [path]
    while waiting:
        at = waiting.pop()
        if at.resolve() not in met and _is_open(at):
            met.add(at.resolve())
            folder = _Listing.at(at)
            yield folder
            waiting += reversed(folder.folders)


def _left_out(folders: list[_Listing], has_videos: bool, inside: int) -> list[str]:
    """What the folders hold beside the clips, and why it is none."""
    found = []
    pictures, results = sum(len(folder.pictures) for folder in folders), sum(folder.results for folder in folders)
    if has_videos and pictures:
        found.append(f"{counted(pictures, 'picture')}, since a folder that has videos is read for videos only")
    if results:
        found.append(f"{counted(results, 'annotated video')} of earlier results")
    kinds = Counter(other.suffix.lower() or other.name for folder in folders for other in folder.others)
    if kinds:
        named = ", ".join(sorted(kinds)[:_MOST_KINDS]) + (", ..." if len(kinds) > _MOST_KINDS else "")
        found.append(f"{counted(kinds.total(), 'file')} whose names are not those of videos ({named})")
    if no_files := sum(folder.no_files for folder in folders):
        found.append(f"{counted(no_files, 'name')} of a pipe, a device or a link that leads nowhere")
    if inside:
        found.append(f"videos in {counted(inside, 'folder')} inside it, which -recursive includes")
    return found
