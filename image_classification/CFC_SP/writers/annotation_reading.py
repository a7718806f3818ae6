# SPDX-License-Identifier: Apache-2.0
"""Whatever holds labelled intervals of a clip, by its name's ending: files of other programs, and results of ours."""

import os
from collections.abc import Iterable
from pathlib import Path

from ..core.annotation import Annotation, annotation_from, intervals_of
from ..core.records import FrameResult
from ..core.segments import SegmentBuilder
from ..support.csv_files import read_table
from ..support.errors import UserError
from .annotation_files import annotation_to_play
from .boris import read_boris
from .elan import read_eaf
from .interval_table import read_intervals
from .output import FILES, result_file
from .praat import read_textgrid
from .result_json import read_summary
from .rows_csv import columns_of, read_rows
from .rows_parquet import read_parquet_rows
from .subtitles import read_subtitles

_HEADERS = [list(columns_of(has_pictures)) for has_pictures in (False, True)]
READERS = {
    ".eaf": read_eaf,
    ".textgrid": read_textgrid,
    ".vtt": read_subtitles,
    ".srt": read_subtitles,
    ".boris": read_boris,
    ".parquet": lambda path: _of_rows(read_parquet_rows(path)),
    ".csv": lambda path: _of_rows(read_rows(path)) if next(read_table(path), []) in _HEADERS else read_intervals(path),
    ".json": lambda path: _of_summary(path),
}
"""What reads each kind of file, by the ending of its name in lower case."""
_USUAL_FRAME_S = 1 / 30


def read_annotation(path: str | os.PathLike, clip: str | None = None) -> Annotation:
    """What the file at `path` says of a clip; of a folder that predict wrote, its segments.

    clip: the clip's name without its ending, which chooses among the observations of a BORIS project. Raises UserError for a file that
    is none, of another kind than READERS, cut or damaged, and for an interval that does not end after it begins.
    """
    path = Path(path)
    if path.is_dir():
        path = result_file(path, "json")
    ending = path.suffix.lower()
    if ending not in READERS:
        raise UserError(
            f"{path}: expected a file whose name ends in {', '.join(READERS)}, or a folder of results, found {ending or 'none'!r}"
        )
    return read_boris(path, clip) if ending == ".boris" else READERS[ending](path)


def _of_summary(path: Path) -> Annotation:
    """The segments of a result.json, whatever was left out of other files; pictures and streams in the time of their annotated video."""
    summary = read_summary(path)
    summary.options.update(min_confidence=None, min_segment=None)
    movie, rows = (path.with_name(FILES[name]) for name in ("mp4", "csv"))
    return annotation_to_play(summary, movie if movie.is_file() and rows.is_file() else None, rows)


def _of_rows(rows: Iterable[FrameResult]) -> Annotation:
    """The segments of rows; the last frame is shown as long as the one before it."""
    builder, last_s, frame_s = SegmentBuilder(0.0), None, _USUAL_FRAME_S
    for result in rows:
        if last_s is not None:
            frame_s = result.time_s - last_s
        last_s = result.time_s
        builder.add(result)
    return annotation_from(intervals_of(builder.segments(frame_s)))
