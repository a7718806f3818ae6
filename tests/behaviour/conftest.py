from dataclasses import replace
from pathlib import Path

import pytest

from image_classification.CFC_SP.core.records import Source
from image_classification.CFC_SP.core.span import WHOLE
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter
from tests.summaries import summary_of


@pytest.fixture
def write_results(tmp_path):
    """Gives `write(name, results, fps=10, codec="h264")`: what predict would write of a clip, below tmp_path / "results"; the folder."""

    def write(name, results, fps=10.0, codec="h264") -> Path:
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        with CsvWriter(folder / "frames.csv") as writer:
            for result in results:
                writer.write(result)
        summary = replace(summary_of(Source(f"{name}.mp4", codec, 64, 48, fps, None), results), options=WHOLE.as_dict())
        write_json(folder / "result.json", summary, results)
        return folder

    return write
