# SPDX-License-Identifier: Apache-2.0
"""`clips.csv`: a row for each clip whose results lie in one folder, which also tells whose each of these results are."""

import csv
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from ..core.labels import EXPR
from ..core.records import Summary
from ..support.csv_files import given_cell, plain_cells, read_columns
from ..support.errors import UserError
from ..support.files import atomic_path, make_folder
from ..support.locks import one_at_a_time
from ..writers.output import FILES, cannot_be_written
from ..writers.result_json import read_head

TABLE = "clips.csv"
COLUMNS = (
    "input",
    "folder",
    "state",
    "frames",
    "faces",
    "tracks",
    *(f"share_{name.lower()}" for name in EXPR),
    "seconds",
    "machine",
    "error",
)
# How a byte of a name that is no text is written, and what Python calls it.
_NO_TEXT = re.compile(r"\\u(dc[89a-f][0-9a-f])")
BEGUN, DONE, FAILED, STOPPED = "begun", "done", "failed", "stopped"


def read_table_rows(path: str | os.PathLike) -> list[dict[str, str]]:
    """The rows of the table at `path`; raises UserError where it is no such table. Tables of earlier versions name no machine."""
    try:
        table = read_columns(path, COLUMNS)
    except UserError:
        table = read_columns(path, tuple(column for column in COLUMNS if column != "machine"))
    return [{column: _given_name(given_cell(row.get(column, ""))) for column in COLUMNS} for row in table]


def _given_name(cell: str) -> str:
    return _NO_TEXT.sub(lambda found: chr(int(found[1], 16)), cell)


def write_table_rows(file: TextIO, rows: Iterable[dict[str, str]]) -> None:
    """Writes the table to a file that is open for text, with `newline=""`."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(plain_cells(row[column] for column in COLUMNS) for row in rows)


class ClipTable:
    """The table in the folder `root`. It is whole at any time, and several calls may write to it at a time.

    Rows of earlier calls stay as long as their results do. lists_failures: clips that fail keep a row, too.
    """

    def __init__(self, root: str | os.PathLike, lists_failures: bool):
        self._root = Path(root).absolute()
        self._path = self._root / TABLE
        self._lists_failures = lists_failures
        self._own: dict[str, dict] = {}
        self._made_root = False

    @contextmanager
    def clip(self, path: str | os.PathLike, name: str) -> Iterator["TableRow"]:
        """The row of the clip at `path`. The block works on the clip; how it ends is the row's state.

        The row's folder is called `name`, or `<name>-2` and so on where results of another clip lie there, or where earlier results of
        this clip lie. Raises UserError where the table cannot be written, or another file bears its name.
        """
        path = os.path.abspath(path)
        with self._rows() as rows:
            folder = self._place(path, name, rows)
            before, row = rows.get(folder), TableRow(path, folder)
            self._own[folder] = rows[folder] = row.values
        try:
            yield row
        except BaseException as error:
            row.values |= {"state": FAILED, "error": str(error)} if isinstance(error, Exception) else {"state": STOPPED}
            # What failed is told, and not that a full disk takes no row of it.
            with suppress(UserError), self._rows() as rows:
                if not self._lists_failures:
                    self._own[folder] = before or {}
                    rows.pop(folder)
                    rows |= {folder: before} if before else {}
            raise
        row.values["state"] = DONE
        with self._rows():
            pass

    def _place(self, path: str, name: str, rows: dict[str, dict]) -> str:
        """The name of the folder for the results of the clip at `path`."""
        known = (folder for folder, row in rows.items() if os.path.realpath(row["input"]) == os.path.realpath(path))
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        free = (folder for folder in names if folder not in rows and not self._holds_another(folder, path))
        return next(folder for folder in itertools.chain(known, free) if folder not in self._own)

    def _holds_another(self, folder: str, path: str) -> bool:
        """Whether results of another clip lie in the folder, as its result.json says."""
        head = read_head(self._root / folder / FILES["json"])
        if head is None:
            return False
        given = head["source"]["path"]
        if os.path.realpath(given) != os.path.realpath(path):
            return True
        # A path that was given from elsewhere may mean another file.
        file = None if os.path.isabs(given) or not os.path.isfile(path) else os.stat(path)
        return file is not None and (file.st_size, file.st_mtime) != (head["source"]["size_bytes"], head["source"]["modified_s"])

    @contextmanager
    def _rows(self) -> Iterator[dict[str, dict]]:
        """The rows by folder, to be changed: they are written at the block's end, and no other call writes in between."""
        try:
            self._made_root = self._made_root or not self._root.is_dir()
            make_folder(self._root)
            with one_at_a_time(self._root):
                written = read_table_rows(self._path) if self._path.exists() else []
                rows = {row["folder"]: row for row in written if row["state"] != DONE or (self._root / row["folder"]).is_dir()}
                rows |= {folder: row for folder, row in self._own.items() if row}
                yield rows
                if rows:
                    self._write(rows)
                else:
                    self._path.unlink(missing_ok=True)
                    if self._made_root and not any(self._root.iterdir()):
                        self._root.rmdir()
        except OSError as error:
            raise cannot_be_written(self._root, error) from error

    def _write(self, rows: dict[str, dict]) -> None:
        # Names may hold bytes that are no text: read_table_rows gives them back.
        with atomic_path(self._path) as part, open(part, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            write_table_rows(file, rows.values())


class TableRow:
    """A clip's row on its way. folder: the name of the folder for its results."""

    def __init__(self, path: str, folder: str):
        self.folder = folder
        self.values = dict.fromkeys(COLUMNS, "") | {"input": path, "folder": folder, "state": BEGUN}

    def count(self, summary: Summary) -> None:
        """Takes what was counted in the clip. Shares are those of the face rows."""
        labels = {f"share_{name.lower()}": count / summary.face_rows for name, count in summary.label_counts.items() if summary.face_rows}
        seconds = sum(summary.timings_s.get(name, 0.0) for name in ("total", "draw"))
        self.values |= {"frames": summary.frames, "faces": summary.face_rows, "tracks": summary.tracks, "seconds": f"{seconds:.3f}"}
        self.values |= {name: f"{share:.4f}" for name, share in labels.items()}
