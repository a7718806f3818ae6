# SPDX-License-Identifier: Apache-2.0
"""A stream's rows on the disk, safe from whatever ends the recording: they cannot be recorded again."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Self

from ..core.records import FrameResult, Summary
from ..support.errors import UserError
from ..support.files import remove_dead_parts
from ..writers.output import OutputFolder
from ..writers.result_json import read_summary, write_json
from ..writers.rows_csv import CsvWriter, drop_cut_row, read_rows
from .result_files import write_summary
from .summary_builder import SummaryBuilder

# The picture to look at, beside the rows.
LATEST = "latest.jpg"


class Recording:
    """A context manager that keeps the rows of a recording in `folder`, which it makes again where somebody takes that away.

    begun: the summary without rows, which `finish_left_recordings` needs where this process is killed. warnings: what befell the folder.
    """

    def __init__(self, folder: OutputFolder, begun: Summary):
        self._folder, self._begun = folder, begun
        self.warnings: list[str] = []

    def __enter__(self) -> Self:
        write_json(self._folder.part("json"), self._begun, ())
        self._rows = CsvWriter(self._folder.part("csv"), every_row=True).__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._rows.__exit__(*error)

    def write(self, result: FrameResult) -> None:
        """Writes the rows of a frame: they are in the file when this returns."""
        self._restore()
        self._rows.write(result)

    def end(self, summary: Summary) -> None:
        """Gives the rows that were written their final name, and then the JSON its own."""
        for is_last in (False, True):
            self._restore()
            try:
                deliver_recording(self._folder, replace(summary, warnings=[*summary.warnings, *self.warnings]))
                return
            except (UserError, OSError):
                # The folder may go in this moment.
                if is_last or self._rows.is_in_place():
                    raise

    def _restore(self) -> None:
        """Puts the rows back in place where their file is not there any more."""
        if self._rows.is_in_place() or self._folder.files:
            return
        lost = self._folder.path
        self._folder.make_again()
        self._rows.go_on_at(self._folder.part("csv"))
        write_json(self._folder.part("json"), self._begun, ())
        self.warnings.append(f"The folder {lost} was removed while it was recorded to: all rows are in {self._folder.path}.")
        print(f"Warning: {self.warnings[-1]}", file=sys.stderr)


def deliver_recording(folder: OutputFolder, summary: Summary) -> None:
    """Gives the rows that were written their final name, and then the JSON its own."""
    drop_cut_row(folder.part("csv"))
    folder.deliver("csv")
    write_summary(folder, summary)
    folder.deliver("json")


def finish_left_recordings(root: str | Path) -> None:
    """Finishes the recordings below `root` whose process was killed, and says so on standard error."""
    for folder in OutputFolder.left_behind(root, ("csv", "json")):
        with folder:
            begun = read_summary(folder.part("json"))
            drop_cut_row(folder.part("csv"))
            counts = SummaryBuilder(begun.source, begun.span)
            for result in read_rows(folder.part("csv")):
                counts.add(result)
            cut = "the recording was cut off; it ends with its last whole row"
            deliver_recording(folder, replace(counts.counted(begun), warnings=[*begun.warnings, cut]))
            remove_dead_parts(folder.path, LATEST)
        print(f"A recording that was cut off is finished now: {folder.path}", file=sys.stderr)
