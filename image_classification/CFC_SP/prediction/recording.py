"""A stream's rows on the disk, safe from whatever ends the recording: they cannot be recorded again."""

import sys
from dataclasses import replace
from pathlib import Path

from ..core.records import Summary
from ..writers.output import OutputFolder
from ..writers.result_json import read_summary, write_json
from ..writers.rows_csv import drop_cut_row, read_rows
from .result_files import write_summary
from .summary_builder import SummaryBuilder


def begin_recording(folder: OutputFolder, summary: Summary) -> None:
    """Writes beside the rows to come what `finish_left_recordings` needs where this process is killed."""
    write_json(folder.part("json"), summary, ())


def end_recording(folder: OutputFolder, summary: Summary) -> None:
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
            end_recording(folder, replace(counts.counted(begun), warnings=[*begun.warnings, cut]))
        print(f"A recording that was cut off is finished now: {folder.path}", file=sys.stderr)
