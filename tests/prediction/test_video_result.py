"""Results in memory: saved, read back, as a table."""

import sys

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.rows_csv import COLUMNS, row_values
from tests import clips

MAN = clips.real_clip("carphone_pristine.mp4")


def rows_of(results):
    return [list(row) for frame in results for row in row_values(frame)]


def test_results_are_saved_as_predict_writes_them_and_read_back(recognizer, tmp_path):
    result = recognizer.video(MAN, end=0.5).run()
    files = result.save(tmp_path / "mine", formats=("csv", "json", "png", "mp4"))
    assert {path.name for path in files} == {"frames.csv", "result.json", "timeline.png", "annotated.mp4"}
    again = read_result(tmp_path / "mine")
    assert rows_of(again.rows) == rows_of(result.rows)
    assert again.summary.source == result.summary.source and again.summary.label_counts == result.summary.label_counts
    assert again.summary.span == result.summary.span and again.summary.segments[0].label == result.summary.segments[0].label
    again.save(tmp_path / "copy")
    assert (tmp_path / "copy" / "frames.csv").read_bytes() == (tmp_path / "mine" / "frames.csv").read_bytes()


@pytest.mark.parametrize("damage", ["missing", "cut", "no csv"])
def test_a_folder_without_whole_results_is_told(recognizer, tmp_path, street, damage):
    folder = tmp_path / "street"
    recognizer.video(street).run().save(folder)
    path = folder / {"no csv": "frames.csv"}.get(damage, "result.json")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    else:
        path.unlink()
    with pytest.raises(UserError, match="predict"):
        read_result(folder)


def test_rows_as_a_table(recognizer, street, monkeypatch):
    result = recognizer.video(street, end=0.1).run()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="pip install pandas"):
        result.to_pandas()
    monkeypatch.undo()
    pandas = pytest.importorskip("pandas")
    table = result.to_pandas()
    assert isinstance(table, pandas.DataFrame) and list(table.columns) == list(COLUMNS)
    assert table["frame"].tolist() == [0, 1, 2] and table["label"].isna().all()


def test_the_figure_is_the_picture_of_the_timelines(recognizer, tmp_path):
    result = recognizer.video(MAN, end=0.2).run()
    result.save(tmp_path / "man", ("png",))
    figure = result.plot()
    figure.savefig(tmp_path / "figure.png")
    drawn, saved = (cv2.imread(str(path)) for path in (tmp_path / "figure.png", tmp_path / "man" / "timeline.png"))
    np.testing.assert_array_equal(drawn, saved)
    assert len(figure.axes) == 2
