"""The files that other programs read: the one table of their formats."""

import os
from collections.abc import Callable

from ..core.annotation import Annotation, annotation_of
from ..core.records import Summary
from .output import FILES, OutputFolder
from .subtitles import write_srt, write_vtt

WRITERS: dict[str, Callable[[str | os.PathLike, Annotation], None]] = {
    "vtt": write_vtt,
    "srt": write_srt,
}
"""What writes the segments in each format of `writers.output.FILES` that holds intervals."""


def write_annotation_files(folder: OutputFolder, summary: Summary) -> None:
    """Writes those of WRITERS to the entered `folder` that it was made for."""
    asked = [name for name in folder.formats if name in WRITERS]
    if asked:
        annotation = annotation_of(summary, _media_of(folder, summary))
        for name in asked:
            WRITERS[name](folder.part(name), annotation)


def _media_of(folder: OutputFolder, summary: Summary) -> str | None:
    """The video that the results are of: the clip, or, of pictures and streams, the annotated video."""
    if os.path.isfile(summary.source.path):
        return os.path.abspath(summary.source.path)
    return str(folder.path / FILES["mp4"]) if "mp4" in folder.formats else None
