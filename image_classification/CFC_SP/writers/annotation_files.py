"""The files that other programs read: the one table of their formats."""

import os
from collections.abc import Callable

from ..core.annotation import Annotation, annotation_of
from ..core.records import Summary
from .boris import write_boris
from .elan import write_eaf
from .output import FILES, OutputFolder
from .praat import write_textgrid
from .rows_csv import read_rows
from .rows_parquet import write_parquet
from .subtitles import write_srt, write_vtt

WRITERS: dict[str, Callable[[str | os.PathLike, Annotation], None]] = {
    "eaf": write_eaf,
    "textgrid": write_textgrid,
    "vtt": write_vtt,
    "srt": write_srt,
    "boris": write_boris,
}
"""What writes the segments in each format of `writers.output.FILES` that holds intervals."""


def write_annotation_files(folder: OutputFolder, summary: Summary) -> None:
    """Writes those of WRITERS, and the rows as Parquet, to the entered `folder` as far as it was made for them; it holds the CSV."""
    asked = [name for name in folder.formats if name in WRITERS]
    if asked:
        annotation = annotation_of(summary, _media_of(folder, summary))
        for name in asked:
            WRITERS[name](folder.part(name), annotation)
    if "parquet" in folder.formats:
        write_parquet(folder.part("parquet"), read_rows(folder.location("csv")))


def _media_of(folder: OutputFolder, summary: Summary) -> str | None:
    """The video that the results are of: the clip, or, of pictures and streams, the annotated video."""
    if os.path.isfile(summary.source.path):
        return os.path.abspath(summary.source.path)
    return str(folder.path / FILES["mp4"]) if "mp4" in folder.formats else None
