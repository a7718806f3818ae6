# SPDX-License-Identifier: Apache-2.0
"""Labelled intervals as a plain CSV: start_s, end_s, label, and the track and confidence where they are known."""

import csv
import os

from ..core.annotation import Annotation, Interval, annotation_from
from ..support.csv_files import plain_cells, read_table
from ..support.errors import UserError
from .track_names import track_of

NEEDED = ("start_s", "end_s", "label")
"""The columns that a table of intervals has; others may stand between them."""
COLUMNS = (*NEEDED, "track", "confidence")
"""The columns of the tables that are written."""
_PLACES = 6
MAX_BYTES = 64 << 20
"""The largest file that is read."""


def write_intervals(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as a CSV of COLUMNS, in their order; times in seconds of the clip, to the millisecond."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in annotation.intervals:
            sure = None if one.confidence is None else round(one.confidence, _PLACES)
            writer.writerow(plain_cells((one.start_s, one.end_s, one.label, one.track, sure)))


def read_intervals(path: str | os.PathLike) -> Annotation:
    """What a CSV of NEEDED columns says, in seconds; `track` and `confidence` are read where they are there, rows without a label left.

    Raises UserError, naming the line, for another header, and for a row that does not follow it.
    """
    rows = read_table(path, MAX_BYTES)
    header = [name.strip() for name in next(rows, [])]
    if missing := [name for name in NEEDED if name not in header]:
        raise UserError(f"{path}: expected the columns {', '.join(NEEDED)}, found none called {missing[0]} in {', '.join(header)[:200]!r}")
    intervals, line = [], 1
    try:
        for row in rows:
            line += 1
            cells = dict(zip(header, row, strict=True)) if row else {"label": ""}
            if label := cells["label"].strip():
                sure = cells.get("confidence", "").strip()
                start_s, end_s = (float(cells[name]) for name in NEEDED[:2])
                intervals.append(Interval(track_of(cells.get("track", "")), start_s, end_s, label, float(sure) if sure else None))
                annotation_from(intervals[-1:])
        return annotation_from(intervals)
    except ValueError as error:
        raise UserError(f"{path} line {line}: expected {', '.join(header)[:200]}, found another row ({error})") from error
