# SPDX-License-Identifier: Apache-2.0
"""`clips.csv` of a run on many machines: a row for each clip that was listed, kept by the one process that hands the clips out."""

import io
import itertools
import time
from collections.abc import Iterable
from pathlib import Path

from ..support.errors import UserError
from ..support.remote_files import fetch, is_file, joined, write_whole
from ..support.temporary import temporary_folder
from .clip_list import ListedClip
from .clip_table import BEGUN, STOPPED, TABLE, TableRow, read_table_rows, write_table_rows

# Writing takes one part of so many of the time at most: the table of a million clips is large.
_REST = 20
_LEAST_REST_S = 5.0


class ClusterTable:
    """The rows by clip, in the folder at `root`, a path or an address. Those of earlier calls stay.

    A clip keeps the folder that it had in an earlier call; a new one takes `name`, or `<name>-2` and so on. Raises UserError where the
    table cannot be read or written, and where another file bears its name.
    """

    def __init__(self, root: str, clips: Iterable[ListedClip]):
        self._place, self._next_write = joined(root, TABLE), 0.0
        self._rows = {row["input"]: row for row in _earlier(self._place)}
        taken = {row["folder"] for row in self._rows.values()}
        self._own: list[str] = []
        for clip in clips:
            folder = self._rows[clip.source]["folder"] if clip.source in self._rows else _free(clip.name, taken)
            taken.add(folder)
            self._own.append(clip.source)
            self._rows[clip.source] = TableRow(clip.source, folder).values
        self.write()

    def folder(self, source: str) -> str:
        """The name of the folder for the results of the clip."""
        return self._rows[source]["folder"]

    def enter(self, source: str, values: dict[str, str]) -> None:
        """Takes what is known of the clip, by column; it is written now and then."""
        self._rows[source] |= values
        if time.monotonic() >= self._next_write:
            self.write()

    def stop(self) -> None:
        """Says of all clips that are not done that they were stopped, and writes the table."""
        for source in self._own:
            if self._rows[source]["state"] == BEGUN:
                self._rows[source]["state"] = STOPPED
        self.write()

    def write(self) -> None:
        """Writes the table as it is."""
        begin = time.monotonic()
        text = io.StringIO(newline="")
        write_table_rows(text, self._rows.values())
        # Names may hold bytes that are no text.
        write_whole(self._place, text.getvalue().encode("utf-8", errors="backslashreplace"))
        now = time.monotonic()
        self._next_write = now + max(_LEAST_REST_S, _REST * (now - begin))


def _earlier(place: str) -> list[dict[str, str]]:
    if not is_file(place):
        return []
    with temporary_folder() as folder:
        try:
            return read_table_rows(fetch(place, Path(folder)))
        except UserError as error:
            raise UserError(f"{place}: expected a table of an earlier call, found another file: move it away") from error


def _free(name: str, taken: set[str]) -> str:
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(folder for folder in names if folder not in taken)
