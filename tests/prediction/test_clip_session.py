"""Sessions of one loaded model: whatever their order, each gives what it gives alone in a fresh process."""

import gc
import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP.inference import worker_process
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.threads import set_thread_counts
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers.rows_csv import row_values
from tests import clips

MAN = clips.real_clip("carphone_pristine.mp4")
# Two parts of one real clip, and a clip without a face.
FIRST, SECOND = {"end": 0.9}, {"start": 0.9, "end": 1.6}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "street.mp4", clips.pictures(12))


@pytest.fixture(scope="module")
def alone(street, tmp_path_factory):
    """What a fresh process gives for each clip, as rounded rows, by name."""
    out = tmp_path_factory.mktemp("alone") / "rows.json"
    script = f"""
        import json, sys
        from pathlib import Path
        from image_classification.CFC_SP.prediction.recognizer import predict_video
        from image_classification.CFC_SP.writers.rows_csv import row_values

        asked = {{"first": ({str(MAN)!r}, {FIRST}), "second": ({str(MAN)!r}, {SECOND}), "street": ({str(street)!r}, {{}})}}
        rows = {{}}
        for name, (path, part) in asked.items():
            result = predict_video(path, device="cpu", **part)
            rows[name] = [list(row) for frame in result.rows for row in row_values(frame)]
        Path({str(out)!r}).write_text(json.dumps(rows))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
    return json.loads(out.read_text())


def rows_of(results):
    return [list(row) for frame in results for row in row_values(frame)]


def test_sessions_one_after_the_other(recognizer, alone, street):
    for name, path, part in (("first", MAN, FIRST), ("street", street, {}), ("second", MAN, SECOND), ("first", MAN, FIRST)):
        assert rows_of(recognizer.video(path, **part)) == alone[name]
    assert any(row[2] for row in alone["first"]) and not any(row[2] for row in alone["street"])


def test_interleaved_sessions(recognizer, alone, street):
    sessions = {
        "first": recognizer.video(MAN, **FIRST),
        "second": recognizer.video(MAN, **SECOND),
        "street": recognizer.video(street),
    }
    found = {name: [] for name in sessions}
    while sessions:
        for name, session in list(sessions.items()):
            result = next(session, None)
            if result is None:
                del sessions[name]
            else:
                found[name].append(result)
    assert {name: rows_of(results) for name, results in found.items()} == alone


def test_two_threads_with_a_session_each(recognizer, alone):
    found = {}

    def look(name, part):
        found[name] = rows_of(recognizer.video(MAN, **part).run().rows)

    threads = [threading.Thread(target=look, args=pair) for pair in (("first", FIRST), ("second", SECOND)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: alone[name] for name in ("first", "second")}


def test_a_session_that_is_left_half_way_disturbs_no_other(recognizer, alone):
    before = threading.active_count()
    left = recognizer.video(MAN)
    for _ in range(3):
        next(left)
    assert rows_of(recognizer.video(MAN, **FIRST)) == alone["first"]
    assert left.summary.frames == 3
    left.close()
    assert next(left, None) is None
    assert threading.active_count() == before


def test_a_session_that_nobody_holds_ends(recognizer):
    before = threading.active_count()
    next(recognizer.video(MAN))
    gc.collect()
    assert threading.active_count() == before


def test_an_error_in_the_middle_ends_that_session_alone(recognizer, alone):
    def frames():
        with open_video(MAN) as reader:
            for frame in reader:
                if frame.index == 20:
                    raise RuntimeError("the camera fell")
                yield frame.time_s, frame.image

    broken, sound = recognizer.frames(frames(), 30), recognizer.video(MAN, **FIRST)
    results = [next(sound)]
    with pytest.raises(RuntimeError, match="the camera fell"):
        list(broken)
    assert next(broken, None) is None
    assert rows_of([*results, *sound]) == alone["first"]


def test_the_summary_grows_with_what_is_decided(recognizer):
    session = recognizer.video(MAN, **FIRST)
    assert session.summary.frames == 0
    next(session)
    assert session.summary.frames == 1
    result = session.run()
    assert result.summary == session.summary and result.summary.frames == len(result.rows) + 1
    assert result.summary.face_rows and result.summary.tracks == 1 and result.summary.segments
    assert {"decode", "detect", "classify", "total"} <= set(result.summary.timings_s)


def test_frames_of_the_caller_are_a_clip(recognizer, alone):
    with open_video(MAN) as reader:
        fps = reader.source.fps
        frames = [(frame.time_s, frame.image) for frame in reader if frame.time_s < 0.9]
    assert rows_of(recognizer.frames(iter(frames), fps)) == alone["first"]
    with pytest.raises(UserError, match="found none"):
        recognizer.frames([], fps)
    with pytest.raises(UserError, match="frame rate above 0"):
        recognizer.frames(frames, 0)
    with pytest.raises(UserError, match="times that increase"):
        list(recognizer.frames([frames[1], frames[0]], fps))


def test_use_after_close_is_told():
    with Recognizer(device="cpu") as recognizer:
        session, stream = recognizer.video(MAN), recognizer.stream()
        next(session)
    assert next(session, None) is None
    for use in (lambda: recognizer.video(MAN), recognizer.stream, lambda: recognizer.picture(np.zeros((9, 9, 3), np.uint8))):
        with pytest.raises(UserError, match="found one that was closed"):
            use()
    with pytest.raises(UserError, match="found one that was closed"):
        stream.feed(0.0, np.zeros((9, 9, 3), np.uint8))
    recognizer.close()


def test_ten_clips_load_the_model_once_and_leave_nothing_behind(street, monkeypatch):
    started = []
    start = worker_process._Worker.__init__

    def counted(self, choice):
        start(self, choice)
        started.append(self._process)

    monkeypatch.setattr(worker_process._Worker, "__init__", counted)
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with Recognizer(device="cpu") as recognizer:
        assert {recognizer.video(street).run().summary.frames for _ in range(10)} == {12}
    assert len(started) == 1 and started[0].poll() is not None
    assert threading.active_count() == threads
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == files


def test_a_program_that_uses_us_keeps_its_own_settings(street):
    """Its environment, signal handlers, cores and C library heap: Paddle and what it needs stay in the worker."""
    script = f"""
        import os, signal, sys
        import cv2  # sets a path of its own

        def settings():
            return dict(os.environ), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), os.sched_getaffinity(0)

        before = settings()
        from cfc_sp import Recognizer
        with Recognizer() as recognizer:
            assert recognizer.video({str(street)!r}).run().summary.frames == 12
        assert settings() == before
        assert "paddle" not in sys.modules
        assert not any(name.endswith("support.heap") for name in sys.modules)
        children = [word for task in os.listdir("/proc/self/task") for word in open(f"/proc/self/task/{{task}}/children").read().split()]
        assert not children
    """
    ours: dict[str, str] = {}
    set_thread_counts(ours)
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, check=True)


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


def test_a_picture(recognizer, astronaut, tmp_path):
    (face,) = recognizer.picture(astronaut)
    assert face.label == face.raw_label == "Happiness"
    from PIL import Image

    Image.fromarray(astronaut).save(tmp_path / "face.png")
    assert recognizer.picture(tmp_path / "face.png") == (face,)
    assert recognizer.picture(Path(str(tmp_path / "face.png"))) == (face,)
    two = recognizer.picture(np.concatenate([astronaut, astronaut], axis=1))
    assert len(two) == 2 and two[0].box[0] < two[1].box[0]
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UserError, match="text.png"):
        recognizer.picture(tmp_path / "text.png")
    with pytest.raises(UserError, match="RGB uint8"):
        recognizer.picture(np.zeros((4, 4)))
