# SPDX-License-Identifier: Apache-2.0
"""Several clips at a time, as a person asks for them."""

import csv
import json
import os
import signal

import pytest

from image_classification.CFC_SP.prediction import clips_at_a_time
from image_classification.CFC_SP.prediction.clip_search import Clip
from image_classification.CFC_SP.prediction.clips_at_a_time import write_clips_at_a_time
from image_classification.CFC_SP.prediction.many_clips import ClipTask, Outcome
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.support.errors import UserError
from tests import clips
from tests.events import wait_until
from tests.predicting import run, start

LOAD = ("lite", "cpu", "auto", "auto", None)


@pytest.fixture
def pool(monkeypatch):
    """Stands for the processes: the clips up to `until` are done here, the last one first; `done` says what becomes of each. Then `broken`
    is raised."""

    def make(done, broken=None, until=None):
        def in_processes(function, tasks, *others, **settings):
            for place, (_, path, _) in reversed(list(tasks.items())[:until]):
                yield place, lambda path=path: done(path)
            if broken:
                raise broken

        monkeypatch.setattr(clips_at_a_time, "in_processes", in_processes)

    return make


@pytest.fixture
def three(tmp_path):
    return [Clip(tmp_path / f"{name}.mp4", name) for name in "abc"]


def states(root):
    with open(root / "clips.csv", newline="", encoding="utf-8") as file:
        return {row["folder"]: row["state"] for row in csv.DictReader(file)}


def test_what_is_said_comes_in_the_order_of_the_clips(pool, three, tmp_path, capsys):
    pool(lambda path: Outcome(error=UserError(f"{path.stem} is bad")))
    assert write_clips_at_a_time(LOAD, 2, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions())) == 3
    assert capsys.readouterr().err.splitlines() == [
        *(f"error: {name} is bad" for name in "abc"),
        "error: 3 of 3 clips failed; the others are done",
    ]
    assert set(states(tmp_path / "out").values()) == {"failed"}


def test_a_fault_of_ours_shows_its_traceback_and_others_go_on(pool, three, tmp_path, capsys):
    def done(path):
        return Outcome(error=ZeroDivisionError("by zero") if path.stem == "b" else UserError("bad"))

    pool(done)
    assert write_clips_at_a_time(LOAD, 2, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions())) == 3
    assert "ZeroDivisionError: by zero" in capsys.readouterr().err


def test_processes_that_were_ended_fail_the_clips_that_are_left(pool, three, tmp_path, capsys):
    pool(lambda path: Outcome(error=UserError(f"{path.stem} is bad")), UserError("a worker process was ended from outside"), until=1)
    assert write_clips_at_a_time(LOAD, 2, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions())) == 3
    said = capsys.readouterr().err
    assert said.count("ended from outside") == 2 and "a is bad" in said


def test_ctrl_c_leaves_the_table_right(pool, three, tmp_path):
    pool(lambda path: Outcome(error=UserError("bad")), KeyboardInterrupt(), until=1)
    with pytest.raises(KeyboardInterrupt):
        write_clips_at_a_time(LOAD, 2, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions()))
    assert states(tmp_path / "out") == {"a": "failed", "b": "stopped", "c": "stopped"}


@pytest.mark.parametrize(
    ("load", "told"), [(("none", "cpu", "auto", "auto", None), "no bundle at none"), (("lite", "tpu", "auto", "auto", None), "-device")]
)
def test_what_is_refused_is_refused_once(three, tmp_path, load, told):
    with pytest.raises(UserError, match=told):
        write_clips_at_a_time(load, 2, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions()))
    assert not (tmp_path / "out").exists()


def test_jobs_that_are_none_are_refused(three, tmp_path):
    with pytest.raises(UserError, match="-jobs: expected 1 or more, found 0"):
        write_clips_at_a_time(LOAD, 0, three, ClipTask(tmp_path / "out", ("csv",), ClipOptions()))


@pytest.mark.slow
def test_the_files_are_those_of_one_at_a_time(tmp_path, astronaut, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    clips.write_clip(folder / "face.mp4", [astronaut] * 8)
    clips.write_clip(folder / "street.mp4", clips.pictures(8))
    (folder / "bad.mp4").write_bytes(b"no video")
    said = []
    for jobs in (1, 2):
        assert run("-video", folder, "-jobs", jobs, "-formats", "csv,json,mp4", out=tmp_path / f"out{jobs}") == 2
        said.append(capsys.readouterr())
    for name in ("face", "street"):
        one, two = (tmp_path / f"out{jobs}" / name for jobs in (1, 2))
        for file in ("frames.csv", "annotated.mp4"):
            assert (one / file).read_bytes() == (two / file).read_bytes()
        results = [json.loads((out / "result.json").read_text()) for out in (one, two)]
        assert all(result.pop("timings_s") for result in results) and results[0] == results[1]
    assert said[0].err.splitlines()[-1] == said[1].err.splitlines()[-1] == "error: 1 of 3 clips failed; the others are done"
    assert states(tmp_path / "out1") == states(tmp_path / "out2")


@pytest.mark.slow
def test_ctrl_c_ends_all(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "ab":
        clips.write_clip(folder / f"{name}.mp4", clips.pictures(3000))
    process = start(str(folder), tmp_path / "out", "-jobs", "2", "-formats", "csv")
    wait_until(lambda: len(list((tmp_path / "out").glob("*/.frames.csv.part-*"))) == 2, process)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait() == 130
    assert process.stderr.read().splitlines()[-1] == "stopped"
    assert not list((tmp_path / "out").glob("*/*"))
