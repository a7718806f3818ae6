# SPDX-License-Identifier: Apache-2.0
"""A clip's results in memory, from a session or read back from a folder."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.records import FrameResult, Summary
from ..support.packages import import_package
from ..writers.hiding import check_hiding
from ..writers.output import OutputFolder, result_file
from ..writers.result_json import read_summary
from ..writers.rows_csv import CsvWriter, columns_of, read_rows, row_values
from ..writers.timeline import draw_timeline
from .options import check_least
from .result_files import finish_files, timeline_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class VideoResult:
    """A clip's results. rows: one FrameResult for every analysed frame. summary: counts, segments, timings and warnings of the run.

    >>> result = recognizer.video("clip.mp4").run()
    >>> len(result.rows), result.summary.source.width
    (3, 256)
    """

    summary: Summary
    rows: list[FrameResult]

    def __repr__(self) -> str:
        return f"VideoResult({self.summary.source.path!r}: {self.summary.seen()})"

    def to_pandas(self) -> "pandas.DataFrame":
        """The rows of frames.csv as a pandas DataFrame, with the same columns and rounding.

        A frame without a face has missing values; tracks are still integers (Int64). Raises UserError if pandas is not installed.
        """
        module = import_package("pandas", "to_pandas()")
        rows = [values for result in self.rows for values in row_values(result)]
        table: pandas.DataFrame = module.DataFrame(rows, columns=list(columns_of(self.summary.source.is_pictures)))
        return table.astype({"track": "Int64"})

    def plot(self) -> "Figure":
        """The timelines as a matplotlib figure, as in timeline.png: a band of each track's segments above its eight probabilities.

        A notebook shows the figure; `figure.savefig` writes it to a file.
        """
        return draw_timeline(self.summary, timeline_of(self.rows, self.summary))

    def save(
        self,
        folder: str | os.PathLike[str],
        formats: Iterable[str] = ("csv", "json"),
        min_confidence: float | None = None,
        min_segment: float | None = None,
        hide: str | None = None,
    ) -> list[Path]:
        """Writes the files that `cfc-sp predict` writes to `folder`, and returns their paths. It makes the folder if it is missing.

        formats: "csv", "json", "mp4", "html", "png", "segments", "eaf", "textgrid", "vtt", "srt", "boris", "parquet". mp4 and html read
        the clip again, from `summary.source.path`. min_confidence (0 to 1), min_segment (seconds): subtitles and annotation files leave
        out segments below these. hide: "blur", "pixelate" or "box" hides faces in files that show the clip. None means the option that
        the clip was predicted with. Raises UserError for an unknown format, a format that needs a missing package, a folder that cannot
        be written to, and a clip that no longer exists.

        >>> [path.name for path in recognizer.video("clip.mp4").run().save("output/clip", formats=("csv", "json"))]
        ['frames.csv', 'result.json']
        """
        check_least(min_confidence, min_segment)
        asked = {"min_confidence": min_confidence, "min_segment": min_segment, "hide": check_hiding(hide)}
        options = self.summary.options | {name: least for name, least in asked.items() if least is not None}
        folder = Path(folder).absolute()
        with OutputFolder(folder.parent, folder.name, formats) as output:
            with CsvWriter(output.part("csv"), has_pictures=self.summary.source.is_pictures) as writer:
                for result in self.rows:
                    writer.write(result)
            finish_files(output, replace(self.summary, options=options), timeline_of(self.rows, self.summary))
        return output.files


def read_result(folder: str | os.PathLike[str]) -> VideoResult:
    """Reads the results that `cfc-sp predict` wrote to a clip's folder as csv and json.

    Numbers have the rounding of the files, and `raw_probabilities` are None. Raises UserError for a folder without complete results.

    >>> from cfc_sp import read_result
    >>> files = recognizer.video("clip.mp4").run().save("output/clip")
    >>> read_result("output/clip").rows[0].faces[0].label
    'Happiness'
    """
    rows, summary = (result_file(folder, name) for name in ("csv", "json"))
    return VideoResult(read_summary(summary), list(read_rows(rows)))
