# SPDX-License-Identifier: Apache-2.0
"""CSV tables: cells that no spreadsheet takes for a formula, and rows from anywhere."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import UserError
from .files import open_bounded

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TABLE_BYTES = 256 << 20


def plain_cell(value):
    """`value`, with an apostrophe in front of text that a spreadsheet would run as a formula; numbers stay as they are."""
    if isinstance(value, str) and value[:1] in _FORMULA and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def told_cell(text: str) -> str:
    """The text that `plain_cell` made `text` of."""
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text


def plain_cells(values) -> list:
    """`plain_cell` of each of `values`."""
    return [plain_cell(value) for value in values]


def given_cell(cell: str) -> str:
    """The text that `plain_cell` was given where it returned `cell`."""
    return cell[1:] if plain_cell(cell[1:]) == cell else cell


def read_table(path: str | Path, most: int = _TABLE_BYTES) -> Iterator[list[str]]:
    """The rows of the CSV at `path`; raises UserError where it cannot be read or is none, and where semicolons or
    tabs separate its cells. Bytes that are no UTF-8 show as U+FFFD,
    but for zero bytes: they make it no text, and no name of a file holds one."""
    with io.TextIOWrapper(open_bounded(path, most), encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(_text_lines(file, path))
        try:
            for row in rows:
                if rows.line_num == 1:
                    _check_separator(row, path)
                yield row
        except csv.Error as error:
            raise UserError(f"{path} line {rows.line_num}: expected a CSV, found none ({error})") from error
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _check_separator(header: list[str], path: str | Path) -> None:
    """Raises UserError for the one cell that a first line is whose cells are apart by other than commas. Where commas are decimal,
    spreadsheets write semicolons, and numbers that would have to be read by a guess."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise UserError(f"{path}: expected cells separated by commas, found {name}: save it as a CSV with commas")


def _text_lines(file: Iterable[str], path: str | Path) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if "\0" in line:
            raise UserError(f"{path} line {number}: expected a CSV in UTF-8, found a zero byte: save it as UTF-8")
        yield line


def read_columns(path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """As `read_records`, for a header that must be `columns`: raises UserError for another one, too."""
    header, records = _header_and_records(path)
    if header != list(columns):
        raise UserError(f"{path}: expected the columns {','.join(columns)}, found {','.join(header)[:200] or 'none'}: move the file away")
    return list(records)


def read_records(path: str | Path) -> list[dict[str, str]]:
    """The rows of the CSV at `path` below its header, each by column. Raises UserError where it cannot be read or is none, and for a row
    that is shorter or longer than the header."""
    return list(_header_and_records(path)[1])


def _header_and_records(path: str | Path) -> tuple[list[str], Iterator[dict[str, str]]]:
    rows = read_table(path)
    header = next(rows, [])

    def records() -> Iterator[dict[str, str]]:
        for line, row in enumerate(rows, 2):
            if len(row) != len(header):
                raise UserError(f"{path} line {line}: expected {len(header)} cells, found {len(row)}: move the file away")
            yield dict(zip(header, row, strict=True))

    return header, records()
