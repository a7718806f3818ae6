"""CSV tables: cells that no spreadsheet takes for a formula, and rows from anywhere."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from .errors import UserError
from .files import open_bounded

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TABLE_BYTES = 256 << 20


def plain_cell(value):
    """`value`, with an apostrophe in front of text that a spreadsheet would run as a formula; numbers stay as they are."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def plain_cells(values) -> list:
    """`plain_cell` of each of `values`."""
    return [plain_cell(value) for value in values]


def given_cell(cell: str) -> str:
    """The text that `plain_cell` was given where it returned `cell`."""
    return cell[1:] if plain_cell(cell[1:]) == cell else cell


def read_table(path: str | Path, most: int = _TABLE_BYTES) -> Iterator[list[str]]:
    """The rows of the CSV at `path`; raises UserError where it cannot be read or is none. Bytes that are no UTF-8 show as U+FFFD."""
    with io.TextIOWrapper(open_bounded(path, most), encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        try:
            yield from rows
        except csv.Error as error:
            raise UserError(f"{path} line {rows.line_num}: expected a CSV, found none ({error})") from error
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def read_columns(path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of the CSV at `path`, whose header is `columns`, by column; raises UserError for another header or a row that is shorter
    or longer."""
    rows = read_table(path)
    header = next(rows, [])
    if header != list(columns):
        raise UserError(f"{path}: expected the columns {','.join(columns)}, found {','.join(header)[:200] or 'none'}: move the file away")
    found = []
    for line, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise UserError(f"{path} line {line}: expected {len(columns)} cells, found {len(row)}: move the file away")
        found.append(dict(zip(columns, row, strict=True)))
    return found
