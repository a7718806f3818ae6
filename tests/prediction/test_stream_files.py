"""predict.py on a stream: what is written, and how it ends."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.writers.output import FILES
from tests import clips, streams

MAN = clips.real_clip("carphone_pristine.mp4")


def only_folder(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def test_a_stream_leaves_whole_results(tmp_path, capsys):
    with streams.served(MAN, speed=2) as address:
        address = address.replace("http://", "http://me:secret@")
        words = ["-video", address, "-out", str(tmp_path), "-formats", "csv,json,mp4,png", "-end", "3", "-window", "30"]
        assert run_script(predict, words) == 0
    folder = only_folder(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["latest.jpg", *(FILES[name] for name in ("csv", "json", "mp4", "png"))]
    )
    with open(folder / "frames.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    result = json.loads((folder / "result.json").read_text())
    looked_at = sorted({int(row["frame"]) for row in rows})
    assert len(looked_at) == result["counts"]["frames"] > 5 and float(rows[-1]["time_s"]) < 3
    # The first three seconds of thirty frames each: those that are not here were dropped, and perhaps a few behind them.
    assert 0 <= result["counts"]["dropped_frames"] - (looked_at[-1] + 1 - len(looked_at)) < 100
    assert {row["track"] for row in rows if row["track"]} == {"1"}
    assert cv2.imread(str(folder / "latest.jpg")).shape == (144, 176, 3)
    with av.open(str(folder / "annotated.mp4")) as movie:
        times = [frame.time for frame in movie.decode(video=0)]
    assert times == pytest.approx(sorted({float(row["time_s"]) for row in rows}), abs=1e-4)
    said = capsys.readouterr()
    assert not any("secret" in text for text in (said.out, said.err, folder.name, (folder / "result.json").read_text()))


def test_ctrl_c_ends_a_stream_and_keeps_what_was_seen(tmp_path):
    with streams.served(MAN) as address:
        command = [sys.executable, predict.__file__, "-video", address, "-out", str(tmp_path), "-formats", "csv,json"]
        # Ctrl-C is ignored in the background of a shell, and by what is started there.
        own = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **own) as process:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob("*/latest.jpg")) and time.monotonic() < deadline:
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    folder = only_folder(tmp_path)
    assert json.loads((folder / "result.json").read_text())["counts"]["frames"] >= 1
    assert "frames.csv" in out and "latest.jpg" in out
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["0", "1"], "expected a camera or stream by itself, found 2"),
        (["0", "-stride", "2"], "-stride: expected a file"),
        (["0", "-start", "1"], "-start: expected a file"),
        (["0", "-fps", "5"], "-fps: expected a file"),
        (["0", "-resume"], "-resume: expected a file"),
        (["rtsp://h/a", "-formats", "csv,html"], "-formats html: expected a file"),
        (["63"], "expected a camera or a stream at '63'"),
    ],
)
def test_what_a_stream_does_not_take(words, told, tmp_path, capsys):
    assert run_script(predict, ["-out", str(tmp_path / "out"), "-video", *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*"))
