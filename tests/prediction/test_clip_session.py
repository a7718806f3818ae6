# SPDX-License-Identifier: Apache-2.0
"""Sessions of one loaded model: whatever their order, each gives what it gives alone in a fresh process."""

import json
import subprocess
import sys
import textwrap
import threading

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers.rows_csv import row_values
from tests import clips
from tests.leftovers import nothing_left

MAN = clips.real_clip("carphone_pristine.mp4")
# Two parts of one real clip, and a clip without a face.
FIRST, SECOND = {"end": 0.9}, {"start": 0.9, "end": 1.6}


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
    with nothing_left():
        left = recognizer.video(MAN)
        for _ in range(3):
            next(left)
        assert rows_of(recognizer.video(MAN, **FIRST)) == alone["first"]
        assert left.summary.frames == 3
        left.close()
        assert next(left, None) is None


def test_a_session_that_nobody_holds_ends(recognizer):
    with nothing_left():
        next(recognizer.video(MAN))


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
