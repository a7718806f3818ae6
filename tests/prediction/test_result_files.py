"""What is made from rows costs none of them."""

import csv
import json

import av
import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.prediction import result_files
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.video.clip import open_clip
from image_classification.CFC_SP.writers import annotated_video
from tests import clips


def run(*words, out):
    return run_script(predict, [*map(str, words), "-out", str(out)])


def rows_of(folder):
    with open(folder / "frames.csv", newline="") as file:
        return list(csv.DictReader(file))


def json_of(folder):
    return json.loads((folder / "result.json").read_text())


pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture
def clip(tmp_path):
    return clips.write_clip(tmp_path / "clip.mp4", clips.pictures(40), fps=20, gop=10, sound=True)


def test_a_failing_video_costs_no_rows(clip, tmp_path, capsys, monkeypatch):
    def fail(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result_files, "write_annotated_video", fail)
    assert run("-video", clip, out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "No space left" in said and "frames.csv" in said and "result.json" in said
    folder = tmp_path / "out" / "clip"
    assert {path.name for path in folder.iterdir()} == {"frames.csv", "result.json"}
    assert len(rows_of(folder)) == len(json_of(folder)["rows"]) == 40
    monkeypatch.setattr(result_files, "write_annotated_video", annotated_video.write_annotated_video)
    assert run("-video", clip, "-resume", out=tmp_path / "out") == 0
    assert (folder / "annotated.mp4").is_file()


def test_a_fault_of_our_own_in_the_video_costs_neither_rows_nor_the_next_clip(clip, tmp_path, monkeypatch, capsys):
    other = clips.write_clip(tmp_path / "other.mp4", clips.pictures(3))
    monkeypatch.setattr(result_files, "write_annotated_video", lambda *arguments, **keywords: 1 / 0)
    assert run("-video", clip, other, out=tmp_path / "out") == 2
    assert [len(rows_of(tmp_path / "out" / name)) for name in ("clip", "other")] == [40, 3]
    said = capsys.readouterr().err
    assert said.count("ZeroDivisionError") == 2 and "2 of 2 clips failed" in said


def test_frames_that_do_not_decode_twice_are_repeated_in_the_video(clip, tmp_path, monkeypatch):
    class Lossy:
        def __init__(self, *arguments):
            self._reader = open_clip(*arguments)

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self._reader.close()

        def __iter__(self):
            return (frame for frame in self._reader if frame.index not in (0, 7, 8, 39))

    # What is drawn is read a second time.
    monkeypatch.setattr(result_files, "open_clip", Lossy)
    assert run("-video", clip, out=tmp_path / "out") == 0
    folder = tmp_path / "out" / "clip"
    assert any(warning.startswith("4 frames") for warning in json_of(folder)["warnings"])
    with av.open(str(folder / "annotated.mp4")) as movie:
        assert len(list(movie.decode(video=0))) == 40
