# SPDX-License-Identifier: Apache-2.0
"""The rows of a clip as Parquet: the columns of frames.csv, each of its own type."""

import itertools
import os
from collections.abc import Iterable, Iterator

from ..core.records import FrameResult
from ..support.errors import UserError
from ..support.packages import import_package
from .rows_csv import PICTURE, columns_of, results_of, row_values

_INTEGERS, _TEXTS = ("frame", "track"), ("label", "coarse", "raw_label", PICTURE)
_ROWS_AT_ONCE = 1 << 16
# A day of a hundred faces.
MAX_ROWS = 1 << 28
"""The most rows of a file that is read."""


def write_parquet(path: str | os.PathLike, rows: Iterable[FrameResult], has_pictures: bool = False) -> None:
    """Writes `rows` to the file `path`, some thousands at a time, so that memory does not grow with the clip.

    The columns of the row contract in its order and rounding: frame and track int64, classes string, all else double; null where a frame
    has no face. has_pictures: each result is of a picture file, whose name the last column holds.
    """
    import pyarrow
    from pyarrow import parquet

    names = columns_of(has_pictures)
    schema = pyarrow.schema([pyarrow.field(name, _type_of(name, pyarrow), name not in ("frame", "time_s")) for name in names])
    values = (values for result in rows for values in row_values(result))
    with parquet.ParquetWriter(path, schema) as writer:
        while part := list(itertools.islice(values, _ROWS_AT_ONCE)):
            columns = [pyarrow.array(column, kind) for column, kind in zip(zip(*part, strict=True), schema.types, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def read_parquet_rows(path: str | os.PathLike) -> Iterator[FrameResult]:
    """Yields the FrameResults that `write_parquet` wrote to `path`.

    Raises UserError where pyarrow is not installed, and for a file that is not whole or does not follow the row contract.
    """
    pyarrow, parquet = (import_package(name, f"{path}: Parquet") for name in ("pyarrow", "pyarrow.parquet"))
    try:
        with parquet.ParquetFile(path) as file:
            has_pictures = file.schema_arrow.names == list(columns_of(True))
            if file.schema_arrow.names != list(columns_of(has_pictures)) or file.metadata.num_rows > MAX_ROWS:
                raise ValueError(f"{file.metadata.num_rows} rows of the columns {', '.join(file.schema_arrow.names)[:200]}")
            batches = file.iter_batches(_ROWS_AT_ONCE)
            rows = (row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
            yield from results_of(rows, has_pictures)
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, IndexError) as error:
        raise UserError(f"{path}: expected rows that `cfc-sp predict` wrote as Parquet, found none ({str(error)[:200]})") from error


def _type_of(name: str, pyarrow):
    return pyarrow.int64() if name in _INTEGERS else pyarrow.string() if name in _TEXTS else pyarrow.float64()
