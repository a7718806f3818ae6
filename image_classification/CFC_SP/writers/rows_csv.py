# SPDX-License-Identifier: Apache-2.0
"""The rows of a clip as CSV: one row a frame and face, a frame without a face as one row with its face columns empty."""

import csv
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from ..core.labels import EXPR
from ..core.records import Face, FrameResult
from ..support.csv_files import plain_cell, told_cell
from ..support.errors import UserError

COLUMNS = (
    *("frame", "time_s", "track", "x1", "y1", "x2", "y2", "face_score", "label", "confidence", "coarse", "raw_label"),
    *(f"p_{name.lower()}" for name in EXPR),
)
PICTURE = "picture"
"""The column behind those where the clip is made of picture files: the file's name."""
_TEXTS_AND_COUNTS = ("frame", "track", "label", "coarse", "raw_label", PICTURE)
_PLACES = tuple(None if name in _TEXTS_AND_COUNTS else 2 if name in ("x1", "y1", "x2", "y2") else 6 for name in (*COLUMNS, PICTURE))


def columns_of(has_pictures: bool) -> tuple[str, ...]:
    """COLUMNS, and PICTURE behind them for rows of picture files."""
    return (*COLUMNS, PICTURE) if has_pictures else COLUMNS


class CsvWriter:
    """Writes FrameResults to the file `path` as they come: a context manager.

    UTF-8, comma, `\\n` line ends, a header of COLUMNS, and PICTURE where `has_pictures`; fixed decimal places, so that equal results give
    equal bytes: microseconds, hundredths of a pixel, six places for scores and probabilities (the eight still sum to 1 within 4e-6).
    every_row: each row is in the file as soon as it is written.
    """

    def __init__(self, path: str | os.PathLike, every_row: bool = False, has_pictures: bool = False):
        self._path, self._buffering, self._columns = path, 1 if every_row else -1, columns_of(has_pictures)

    def __enter__(self) -> "CsvWriter":
        self._begin(self._opened("w+"))
        self._rows.writerow(self._columns)
        return self

    def __exit__(self, *error) -> None:
        self._file.close()

    def write(self, result: FrameResult) -> None:
        """Appends the rows of one frame; raises ValueError for a number that is not finite."""
        for values in row_values(result):
            places = _PLACES[: len(self._columns)]
            # A file's name may begin as a formula does.
            self._rows.writerow([plain_cell(v) if p is None or v is None else f"{v:.{p}f}" for v, p in zip(values, places, strict=True)])

    def is_in_place(self) -> bool:
        """Whether the file that is written to is still found at its path: nobody has removed it, or moved its folder."""
        own = os.fstat(self._file.fileno())
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino)

    def go_on_at(self, path: str | os.PathLike) -> None:
        """Copies to the file `path` what was written, also of a file that has no name any more, and goes on there."""
        self._file.flush()
        source, place = self._file.fileno(), 0
        with open(path, "wb") as target:
            while data := os.pread(source, 1 << 20, place):
                place += target.write(data)
        self._file.close()
        self._path = path
        self._begin(self._opened("a+"))

    def _opened(self, mode: str) -> TextIO:
        return open(self._path, mode, self._buffering, encoding="utf-8", newline="")

    def _begin(self, file: TextIO) -> None:
        self._file, self._rows = file, csv.writer(file, lineterminator="\n")


def row_values(result: FrameResult) -> Iterator[tuple[int | float | str | None, ...]]:
    """Yields the rows of one frame: values in the order of COLUMNS, and the picture's name behind them where it is one;
    rounded as in the CSV, None where a frame has no face.

    Raises ValueError for a number that is not finite.
    """
    no_face = (None,) * (len(COLUMNS) - 2)
    faces = [(f.track, *f.box, f.score, f.label, f.confidence, f.coarse, f.raw_label, *f.probabilities) for f in result.faces]

    picture = () if result.picture is None else (result.picture,)
    for face in faces or [no_face]:
        values = (result.frame, result.time_s, *face, *picture)
        yield tuple(_rounded(v, places) for v, places in zip(values, _PLACES, strict=False))


def read_rows(path: str | os.PathLike) -> Iterator[FrameResult]:
    """Yields the FrameResults that CsvWriter wrote to `path`, as rounded there, holding one frame at a time.

    Raises UserError, naming the line, where the file does not follow the row contract.
    """
    with open(path, encoding="utf-8", newline="") as file:
        lines, columns = csv.reader(file), COLUMNS
        try:
            header = next(lines, [])
            has_pictures = header == list(columns_of(True))
            columns = columns_of(has_pictures)
            if header != list(columns):
                raise UserError(
                    f"expected the columns {', '.join(COLUMNS)} in {path}, found {', '.join(header) or 'an empty file'}: "
                    "write the file again with `cfc-sp predict`"
                )
            rows = ([*row[:-1], told_cell(row[-1])] for row in lines) if has_pictures else lines
            yield from results_of(rows, has_pictures)
        except (ValueError, IndexError, csv.Error) as error:
            raise UserError(
                f"expected the {len(columns)} columns of the row contract in line {lines.line_num} of {path}, found a row that "
                "does not follow it: write the file again with `cfc-sp predict`"
            ) from error


def results_of(rows: Iterable[Sequence], has_pictures: bool = False) -> Iterator[FrameResult]:
    """The FrameResults of rows of the row contract, in text or as values, with nothing, or None, where a frame has no face; has_pictures:
    they end with PICTURE.

    Raises ValueError or IndexError for a row that does not follow it.
    """
    width = len(columns_of(has_pictures))
    for (frame, time_s, *picture), own in itertools.groupby(rows, key=lambda row: (row[0], row[1], *row[len(COLUMNS) :])):
        faces = tuple(_face(row[: len(COLUMNS)]) for row in own if len(row) != width or row[2])
        if len(picture) != has_pictures:
            raise ValueError("a row is longer or shorter than the columns")
        yield FrameResult(int(frame), float(time_s), faces, *picture)


def drop_cut_row(path: str | os.PathLike) -> None:
    """Cuts off what follows the last line end of a file that CsvWriter was stopped in."""
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 65536)
            file.seek(start)
            if (place := file.read(end - start).rfind(b"\n")) >= 0:
                file.truncate(start + place + 1)
                return
            end = start
        file.truncate(0)


def _rounded(value, places: int | None):
    if value is None or isinstance(value, str):
        return value
    if places is None:
        return int(value)
    if not math.isfinite(value):
        raise ValueError(f"a row holds {value}, where only finite numbers may be")
    # Adding zero turns -0.0, which prints as "-0.00", into 0.0.
    return round(float(value), places) + 0.0


def _face(row: Sequence) -> Face:
    track, x1, y1, x2, y2, score, label, confidence, coarse, raw_label, *probabilities = row[2:]
    box = (float(x1), float(y1), float(x2), float(y2))
    probabilities = tuple(map(float, probabilities))
    return Face(int(track), box, float(score), label, float(confidence), coarse, raw_label, probabilities)
