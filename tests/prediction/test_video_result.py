# SPDX-License-Identifier: Apache-2.0
"""Results in memory: saved, read back, as a table."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Face, FrameResult, Source
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.prediction.video_result import VideoResult, read_result
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.annotation_reading import read_annotation
from image_classification.CFC_SP.writers.rows_csv import COLUMNS, row_values
from tests import clips
from tests.summaries import summary_of

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
    with pytest.raises(UserError, match=r"pip install 'cfc-sp\[pandas\]'"):
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


def result_in_memory(tmp_path) -> VideoResult:
    """A face that smiles for a second, is surely neutral for two and shows a moment of anger."""
    parts = [("Happiness", 0.6, 25), ("Neutral", 0.95, 50), ("Anger", 0.9, 2)]
    shown = [(label, sure) for label, sure, frames in parts for _ in range(frames)]
    coarse = {"Anger": "Negative"}
    faces = [Face(1, (1.0, 2.0, 30.0, 40.0), 0.9, label, sure, coarse.get(label, label), label, (1 / 8,) * 8) for label, sure in shown]
    rows = [FrameResult(i, i / 25, (face,)) for i, face in enumerate(faces)]
    summary = summary_of(Source(str(tmp_path / "gone.mp4"), "h264", 64, 48, 25.0, 3.08), rows)
    return VideoResult(replace(summary, options=ClipOptions().as_dict()), rows)


@pytest.mark.parametrize(
    ("least", "labels"),
    [
        ({}, ["Happiness", "Neutral", "Anger"]),
        ({"min_confidence": 0.9}, ["Neutral", "Anger"]),
        ({"min_segment": 1}, ["Happiness", "Neutral"]),
    ],
)
def test_results_are_saved_for_other_programs_and_say_what_was_left_out(tmp_path, least, labels):
    result = result_in_memory(tmp_path)
    assert repr(result) == f"VideoResult({result.summary.source.path!r}: 77 frames, 77 faces in 1 track)"
    result.save(tmp_path / "mine", formats=("csv", "json", "segments", "eaf", "textgrid", "vtt", "srt", "boris"), **least)
    for ending in ("csv", "eaf", "TextGrid", "vtt", "srt", "boris"):
        found = read_annotation(tmp_path / "mine" / f"segments.{ending}").intervals
        assert [interval.label for interval in found] == labels
        assert (found[-1].start_s, found[-1].end_s) == ((3.0, 3.08) if labels[-1] == "Anger" else (1.0, 3.0))
    again = read_result(tmp_path / "mine")
    assert {name: again.summary.options[name] for name in least} == least
    assert len(again.summary.segments) == 3, "the result itself is whole"
    again.save(tmp_path / "again", formats=("srt",))
    assert (tmp_path / "again" / "segments.srt").read_bytes() == (tmp_path / "mine" / "segments.srt").read_bytes()
    again.save(tmp_path / "all", formats=("vtt",), min_confidence=0, min_segment=0)
    assert len(read_annotation(tmp_path / "all" / "segments.vtt").intervals) == 3


def test_tracks_of_a_table_are_integers_and_its_values_those_of_the_csv(tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    result = result_in_memory(tmp_path)
    result = VideoResult(result.summary, [*result.rows, FrameResult(77, 3.08)])
    table = result.to_pandas()
    assert table["track"].tolist()[:77] == [1] * 77 and table["track"].isna().tolist()[77] and str(table["track"].dtype) == "Int64"
    result.save(tmp_path / "mine", formats=("csv",))
    pandas.testing.assert_frame_equal(table, pandas.read_csv(tmp_path / "mine" / "frames.csv"), check_dtype=False)


def test_what_cannot_be_saved_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    result = result_in_memory(tmp_path)
    for formats, least, told in ((["eaf"], {"min_confidence": 2}, "-min_confidence"), (["eaf", "odt"], {}, "found odt")):
        with pytest.raises(UserError, match=told):
            result.save(tmp_path / "mine", formats, **least)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match="parquet.*pip install"):
        result.save(tmp_path / "mine", ["eaf", "parquet"])
    assert not (tmp_path / "mine").exists()
