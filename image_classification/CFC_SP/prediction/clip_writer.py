# SPDX-License-Identifier: Apache-2.0
"""One clip from file to files."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.records import Summary
from ..support.progress import Watch, unwatched
from ..writers.output import OutputFolder
from ..writers.rows_csv import CsvWriter
from ..writers.timeline import Timeline
from .live_output import LiveOutput
from .options import ClipOptions
from .result_files import finish_files

if TYPE_CHECKING:
    from .recognizer import Recognizer


def write_clip(
    recognizer: "Recognizer",
    path: str | Path,
    folder: OutputFolder,
    options: ClipOptions | None = None,
    watch: Watch = unwatched,
    name: str | None = None,
    live: LiveOutput | None = None,
) -> Summary:
    """Writes of the clip at `path` the formats that `folder`, not yet entered, was made for; the files are in `folder.files`.

    The rows go to the CSV as they are decided; CSV and JSON are delivered before video, picture and report, which are made from the
    CSV and a second reading, so that nothing decoded is lost when those fail. Memory does not grow with the clip. Raises UserError
    for bad input and for an output that cannot be written; nothing half-written stays. watch: what the frames of each pass go through, such
    as `support.progress.shown`. name: what the results call the clip (None: its path). live: takes the
    results as they are decided.
    """
    options = options or ClipOptions()
    folder.check_source(path)
    with folder, recognizer.clip(path, options) as session:
        timeline = Timeline(session.frame_duration_s, span=options.span)
        passed = timeline.watch(watch(session, "reading", session.expected_frames))
        with CsvWriter(folder.part("csv"), every_row=True, has_pictures=session.source.is_pictures) as writer, closing(passed):
            for result in passed:
                writer.write(result)
                if live is not None:
                    live.write(folder.path.name, result)
        summary = session.summary
        if name is not None:
            summary = replace(summary, source=replace(summary.source, path=name))
        return finish_files(folder, summary, timeline, watch, path)
