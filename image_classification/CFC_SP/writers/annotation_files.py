# SPDX-License-Identifier: Apache-2.0
"""The files that other programs read: the one table of their formats."""

import os
from collections.abc import Callable
from pathlib import Path

from ..core.annotation import Annotation, annotation_of
from ..core.records import Summary
from .boris import write_boris
from .elan import write_eaf
from .interval_table import write_intervals
from .output import FILES, OutputFolder
from .praat import write_textgrid
from .rows_csv import read_rows
from .rows_parquet import write_parquet
from .subtitles import write_srt, write_vtt

WRITERS: dict[str, Callable[[str | os.PathLike, Annotation], None]] = {
    "segments": write_intervals,
    "eaf": write_eaf,
    "textgrid": write_textgrid,
    "vtt": write_vtt,
    "srt": write_srt,
    "boris": write_boris,
}
"""What writes the segments in each format of `writers.output.FILES` that holds intervals."""


def write_annotation_files(folder: OutputFolder, summary: Summary) -> None:
    """Writes those of WRITERS, and the rows as Parquet, to the entered `folder` as far as it was made for them; it holds the CSV."""
    rows = folder.location("csv")
    asked = [name for name in folder.formats if name in WRITERS]
    if asked:
        movie = folder.path / FILES["mp4"] if "mp4" in folder.formats else None
        annotation = annotation_to_play(summary, movie, rows)
        for name in asked:
            WRITERS[name](folder.part(name), annotation)
    if "parquet" in folder.formats:
        write_parquet(folder.part("parquet"), read_rows(rows), summary.source.is_pictures)


def annotation_to_play(summary: Summary, movie: Path | None, rows: Path) -> Annotation:
    """The segments in the time of the video that they are seen in: the clip, or, of pictures and streams, the annotated video.

    movie: where that is or will be, None where there is none. rows: the CSV of the result.
    """
    source = summary.source
    if os.path.isfile(source.path):
        return annotation_of(summary, os.path.abspath(source.path), source.zero_s)
    if movie is None:
        return annotation_of(summary)
    # It begins with the part that was asked for, or with the first frame that there was time for.
    first = next(read_rows(rows), None)
    begin_s = 0.0 if first is None else first.time_s
    return annotation_of(summary, str(movie), begin_s if summary.span.start_s is None else source.start_s + summary.span.offset_s)
