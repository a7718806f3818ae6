# SPDX-License-Identifier: Apache-2.0
"""predict.py on a stream: what is written, and how it ends."""

import csv
import json
import os
import signal

import av
import cv2
import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.inference.recognition import StreamRecognition
from image_classification.CFC_SP.prediction import stream_files
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.prediction.stream_files import record
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.annotation_reading import read_annotation
from image_classification.CFC_SP.writers.output import FILES, OutputFolder
from tests import clips, streams
from tests.events import LIMIT_S, wait_until
from tests.predicting import only_folder, start, wait_for_rows

MAN = clips.real_clip("carphone_pristine.mp4")


def said_of(annotation) -> list[tuple]:
    return [(i.track, i.start_s, i.end_s, i.label) for i in annotation.intervals]


@pytest.mark.usefixtures("loaded_once")
def test_a_stream_leaves_whole_results(tmp_path, capsys):
    with streams.served(MAN, speed=2, times=1) as address:
        address = address.replace("http://", "http://me:secret@")
        words = ["-video", address, "-out", str(tmp_path), "-formats", "csv,json,mp4,png,eaf,srt", "-end", "3", "-window", "30"]
        assert run_script(predict, words) == 0
    folder = only_folder(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["latest.jpg", *(FILES[name] for name in ("csv", "json", "mp4", "png", "eaf", "srt"))]
    )
    with open(folder / "frames.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    result = json.loads((folder / "result.json").read_text())
    looked_at = sorted({int(row["frame"]) for row in rows})
    # How many there was time for depends on the machine; every other one up to the last was dropped, and perhaps a few behind it.
    assert len(looked_at) == result["counts"]["frames"] >= 1 and float(rows[-1]["time_s"]) < 3
    assert looked_at[-1] + 1 - len(looked_at) <= result["counts"]["dropped_frames"] <= 120 - len(looked_at)
    assert {row["track"] for row in rows if row["track"]} <= {"1"}
    assert cv2.imread(str(folder / "latest.jpg")).shape == (144, 193, 3)
    with av.open(str(folder / "annotated.mp4")) as movie:
        times = [frame.time for frame in movie.decode(video=0)]
    seen_s = sorted({float(row["time_s"]) for row in rows})
    # The movie begins with the first frame that was looked at.
    assert times == pytest.approx([time_s - seen_s[0] for time_s in seen_s], abs=1e-4)
    labelled = read_annotation(folder / "segments.eaf")
    assert labelled.media == f"file://{folder}/annotated.mp4"
    assert said_of(labelled) == said_of(read_annotation(folder)) == said_of(read_annotation(folder / "segments.srt"))
    assert len(labelled.intervals) == len(result["segments"]) and labelled.intervals[0].start_s == pytest.approx(
        result["segments"][0]["start_s"] - seen_s[0], abs=1e-3
    )
    said = capsys.readouterr()
    texts = (said.out, said.err, folder.name, *((folder / name).read_text() for name in ("result.json", "segments.eaf")))
    assert not any("secret" in text for text in texts)


def test_ctrl_c_ends_a_stream_and_keeps_what_was_seen(tmp_path):
    with streams.served(MAN) as address, start(address, tmp_path, "-formats", "csv,json") as process:
        wait_until(lambda: list(tmp_path.glob("*/latest.jpg")), process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, err
    folder = only_folder(tmp_path)
    assert json.loads((folder / "result.json").read_text())["counts"]["frames"] >= 1
    assert "frames.csv" in out and "latest.jpg" in out
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_what_reaches_all_processes_of_a_call_ends_a_stream_and_keeps_what_was_seen(tmp_path, number):
    """As a terminal that closes, `timeout` and systemd do it."""
    with streams.served(MAN) as address, start(address, tmp_path, "-formats", "csv,json") as process:
        wait_for_rows(tmp_path, process)
        os.killpg(process.pid, number)
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert json.loads((only_folder(tmp_path) / "result.json").read_text())["counts"]["frames"] >= 1


@pytest.fixture
def patient(monkeypatch):
    """Every address leads to the talking man, of whom no frame is dropped."""
    monkeypatch.setattr(stream_files, "StreamReader", lambda address, max_pixels: streams.PatientReader(MAN))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), UserError("no encoder")])
def test_a_movie_that_fails_costs_no_rows(recognizer, tmp_path, monkeypatch, fault):
    def fail(source, frames, results, *arguments):
        next(frames), next(results)
        raise fault

    monkeypatch.setattr(stream_files, "write_annotated_video", fail)
    folder = OutputFolder.new(tmp_path, "man", ("csv", "json", "mp4"))
    summary = record(recognizer, "rtsp://man", folder, ClipOptions(span=Span(end_s=0.3)))
    assert {path.name for path in folder.path.iterdir()} == {"frames.csv", "result.json", "latest.jpg"}
    assert summary.frames == len(read_result(folder.path).rows) == 9
    assert any(warning.startswith("The annotated video was left out: ") for warning in summary.warnings)


@pytest.mark.usefixtures("patient")
def test_an_error_in_the_middle_costs_no_rows(recognizer, tmp_path, monkeypatch):
    feed, fed = StreamRecognition.feed, []

    def fail(self, frame):
        fed.append(frame.index)
        if len(fed) > 3:
            raise RuntimeError("a fault of ours")
        return feed(self, frame)

    monkeypatch.setattr(StreamRecognition, "feed", fail)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        record(recognizer, "rtsp://man", OutputFolder.new(tmp_path, "man", ("csv", "json", "mp4")), ClipOptions())
    assert [row.frame for row in read_result(tmp_path / "man").rows] == fed[:3] == [0, 1, 2]
    assert {path.name for path in (tmp_path / "man").iterdir()} == {"frames.csv", "result.json", "latest.jpg"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["0", "1"], "expected a single camera or stream, found 2"),
        (["0", "-stride", "2"], "-stride: expected a file"),
        (["0", "-start", "1"], "-start: expected a file"),
        (["0", "-fps", "5"], "-fps: expected a file"),
        (["0", "-resume"], "-resume: expected a file"),
        (["0", "-recursive"], "-recursive: expected a file"),
        (["0", "-jobs", "2"], "-jobs: expected a file"),
        (["0", "-search", "every"], "-search: expected a file"),
        (["rtsp://h/a", "-formats", "csv,html"], "-formats html: expected a file"),
        (["0", "-lag", "2"], "a lag of 0 to 1 s"),
        (["63"], "expected a camera or a stream at '63'"),
    ],
)
@pytest.mark.usefixtures("loaded_once")
def test_what_a_stream_does_not_take(words, told, tmp_path, capsys):
    assert run_script(predict, ["-out", str(tmp_path / "out"), "-video", *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*"))
