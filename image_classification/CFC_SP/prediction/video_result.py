"""A clip's results in memory: from a session, or read back from the folder that they were written to."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.records import FrameResult, Summary
from ..support.errors import UserError
from ..support.packages import import_package
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import read_summary
from ..writers.rows_csv import COLUMNS, CsvWriter, read_rows, row_values
from .options import check_least
from .result_files import finish_files, timeline_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class VideoResult:
    """What a clip shows: `summary` of the run, `rows` with one FrameResult for every frame looked at.

    >>> result = recognizer.video("clip.mp4").run()
    >>> len(result.rows), result.summary.source.width
    (3, 256)
    """

    summary: Summary
    rows: list[FrameResult]

    def to_pandas(self) -> "pandas.DataFrame":
        """The rows of frames.csv as a pandas DataFrame: its columns, its rounding, missing values where a frame has no face; tracks are
        integers all the same.

        Raises UserError where pandas, which nothing else needs, is not installed.
        """
        module = import_package("pandas", "to_pandas()")
        rows = [values for result in self.rows for values in row_values(result)]
        table: pandas.DataFrame = module.DataFrame(rows, columns=list(COLUMNS))
        return table.astype({"track": "Int64"})

    def save(
        self,
        folder: str | os.PathLike[str],
        formats: Iterable[str] = ("csv", "json"),
        min_confidence: float | None = None,
        min_segment: float | None = None,
    ) -> list[Path]:
        """Writes the results into `folder`, made where it is missing, and returns the files: what predict.py writes of the clip.

        formats: among those of `writers.output.FILES`; mp4 and html read the clip again, at `summary.source.path`. min_confidence,
        min_segment: segments of less, in [0, 1] and in seconds, are left out of the files for other programs (None: as when the clip was
        predicted). Raises UserError for an unknown format and one that needs what is not installed, a folder that cannot be written to,
        and a clip that is not there any more.

        >>> [path.name for path in recognizer.video("clip.mp4").run().save("output/clip", formats=("csv", "json"))]
        ['frames.csv', 'result.json']
        """
        check_least(min_confidence, min_segment)
        asked = {"min_confidence": min_confidence, "min_segment": min_segment}
        options = self.summary.options | {name: least for name, least in asked.items() if least is not None}
        folder = Path(folder).absolute()
        with OutputFolder(folder.parent, folder.name, formats) as output:
            with CsvWriter(output.part("csv")) as writer:
                for result in self.rows:
                    writer.write(result)
            finish_files(output, replace(self.summary, options=options), timeline_of(self.rows, self.summary))
        return output.files


def read_result(folder: str | os.PathLike[str]) -> VideoResult:
    """The results that predict.py wrote to a clip's folder, with csv and json among its formats.

    Numbers are as rounded there, and `raw_probabilities` are None. Raises UserError for a folder without whole results.

    >>> from cfc_sp import read_result
    >>> files = recognizer.video("clip.mp4").run().save("output/clip")
    >>> read_result("output/clip").rows[0].faces[0].label
    'Happiness'
    """
    folder = Path(folder)
    for name in ("csv", "json"):
        if not (folder / FILES[name]).is_file():
            raise UserError(f"expected {FILES[name]} in a folder of results, found none in {str(folder)!r}: predict with -formats csv,json")
    return VideoResult(read_summary(folder / FILES["json"]), list(read_rows(folder / FILES["csv"])))
