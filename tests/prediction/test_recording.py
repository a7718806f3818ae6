# SPDX-License-Identifier: Apache-2.0
"""Rows that cannot be recorded again."""

import shutil
import tempfile
from pathlib import Path

import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.records import FrameResult, Source, Summary
from image_classification.CFC_SP.prediction.recording import Recording
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.output import OutputFolder
from tests import clips, streams
from tests.predicting import only_folder, start, wait_for_rows

MAN = clips.real_clip("carphone_pristine.mp4")


def test_what_a_killed_recording_left_is_finished_by_the_next_call(tmp_path, capsys):
    with streams.served(MAN) as address, start(address, tmp_path, "-formats", "csv,json") as process:
        wait_for_rows(tmp_path, process)
        process.kill()
        process.communicate()
    folder = only_folder(tmp_path)
    assert not (folder / "frames.csv").exists()
    # As it is left by a kill while the picture is written.
    (folder / f".part-{process.pid}-latest.jpg").touch()
    assert run_script(predict, ["-video", str(tmp_path / "none.mp4"), "-out", str(tmp_path)]) == 2
    assert f"finished now: {folder}" in capsys.readouterr().err
    result = read_result(folder)
    assert result.summary.frames == len(result.rows) >= 3 and result.summary.face_rows
    assert any("cut off" in warning for warning in result.summary.warnings)
    assert not list(folder.glob(".*"))


def rows(*numbers):
    return [FrameResult(number, number / 30) for number in numbers]


def recorded(folder, results, befall, when):
    """A recording of these results, whose folder something befalls before one of them, or before its end."""
    options = {"start_s": None, "end_s": None, "stride": 1}
    summary = Summary(Source("rtsp://cam/1", "h264", 64, 48, 30.0, None), {"name": "lite", "sha256": "0"}, "cpu", "cpu", 0, options=options)
    with folder, Recording(folder, summary) as recording:
        for number, result in enumerate(results):
            if number == when:
                befall()
            recording.write(result)
        if when == len(results):
            befall()
        recording.end(summary)
    return recording.warnings


def moved(path):
    path.rename(path.with_name("moved"))


def barred(path):
    shutil.rmtree(path)
    path.touch()


@pytest.mark.parametrize("when", [0, 2, 4])
@pytest.mark.parametrize("befall", [shutil.rmtree, moved, barred])
def test_a_folder_that_is_taken_away_costs_no_rows(tmp_path, monkeypatch, capsys, befall, when):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = OutputFolder.new(tmp_path, "cam", ("csv", "json"))
    (warning,) = recorded(folder, rows(0, 1, 2, 5), lambda: befall(tmp_path / "cam"), when)
    assert (folder.path == tmp_path / "cam") == (befall is not barred) and str(folder.path) in warning
    assert capsys.readouterr().err == f"Warning: {warning}\n"
    result = read_result(folder.path)
    assert result.rows == read_back(rows(0, 1, 2, 5)) and result.summary.warnings == [warning]
    assert sorted(path.name for path in folder.path.iterdir()) == ["frames.csv", "result.json"] == sorted(p.name for p in folder.files)


def read_back(results):
    return [FrameResult(result.frame, round(result.time_s, 6)) for result in results]


def test_a_clip_s_folder_that_is_taken_away_is_one_sentence(tmp_path):
    folder = OutputFolder(tmp_path, "clip", ("csv",))
    with pytest.raises(UserError, match="can be written to"), folder:
        shutil.rmtree(tmp_path / "clip")
        Path(folder.part("csv")).touch()
