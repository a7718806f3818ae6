"""What can be given as a clip: a video file, a folder of them, a picture, a folder of pictures."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.span import WHOLE, Span
from .pictures import PictureReader, is_picture, is_visible, natural_order
from .reader import VideoReader, open_video

VIDEO_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
    *(".vob", ".mxf", ".gif"),
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file, a picture or a folder of pictures at `path`, and the `name` that its results bear."""

    path: Path
    name: str


def open_clip(
    path: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None
) -> VideoReader | PictureReader:
    """A reader of the video file, the picture or the folder of pictures at `path`; `fps` is that of pictures (None: they are unrelated)
    and of raw streams, `max_pixels` the most pixels of a frame. Raises UserError as they do."""
    reader = PictureReader if os.path.isdir(path) or is_picture(path) else open_video
    return reader(path, span, fps, max_pixels)


def find_clips(paths: Iterable[str | os.PathLike]) -> list[Clip]:
    """The clips at `paths` in order: a folder stands for the video files in it, in natural order, or, without any, for itself as a
    folder of pictures; those of folders inside it are left out.

    A clip's name is the file's without its ending, or the folder's; a second one of a name is called `<name>-2`, and so on.
    """
    names: set[str] = set()
    clips = []
    for path in (clip for given in paths for clip in _expanded(Path(given))):
        stem = name = (path.resolve().name if path.is_dir() else path.stem) or "clip"
        number = 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.add(name)
        clips.append(Clip(path, name))
    return clips


def _expanded(path: Path) -> list[Path]:
    # A folder that cannot be listed is a failure of that clip alone, which its reader reports.
    if not (path.is_dir() and os.access(path, os.R_OK | os.X_OK)):
        return [path]
    return sorted((file for file in path.iterdir() if is_visible(file, VIDEO_ENDINGS)), key=natural_order) or [path]
