"""Rows that cannot be recorded again."""

from pathlib import Path

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.command_line import run_script
from tests import clips, streams
from tests.predicting import start, wait_for_rows

MAN = clips.real_clip("carphone_pristine.mp4")


def only_folder(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def test_what_a_killed_recording_left_is_finished_by_the_next_call(tmp_path, capsys):
    with streams.served(MAN) as address, start(address, tmp_path, "-formats", "csv,json") as process:
        wait_for_rows(tmp_path, process)
        process.kill()
        process.communicate()
    folder = only_folder(tmp_path)
    assert not (folder / "frames.csv").exists()
    assert run_script(predict, ["-video", str(tmp_path / "none.mp4"), "-out", str(tmp_path)]) == 2
    assert f"finished now: {folder}" in capsys.readouterr().err
    result = read_result(folder)
    assert result.summary.frames == len(result.rows) >= 3 and result.summary.face_rows
    assert any("cut off" in warning for warning in result.summary.warnings)
    assert not list(folder.glob(".*"))
