# SPDX-License-Identifier: Apache-2.0
"""What is loaded once, and what it leaves alone."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP.inference import worker_process
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.threads import set_thread_counts
from image_classification.CFC_SP.video import mtcnn
from tests import clips
from tests.leftovers import nothing_left

MAN = clips.real_clip("carphone_pristine.mp4")


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
    with nothing_left():
        with Recognizer(device="cpu") as recognizer:
            assert {recognizer.video(street).run().summary.frames for _ in range(10)} == {12}
        assert len(started) == 1 and started[0].poll() is not None


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
        # Who sets up malloc and the threads of Paddle.
        assert "image_classification.CFC_SP.support.quiet_paddle" not in sys.modules
        children = [word for task in os.listdir("/proc/self/task") for word in open(f"/proc/self/task/{{task}}/children").read().split()]
        assert not children
    """
    ours: dict[str, str] = {}
    set_thread_counts(ours)
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, check=True)


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


def test_pictures_and_streams_share_one_detector_and_a_picture_takes_one_run(recognizer, astronaut, monkeypatch):
    expected = recognizer.picture(astronaut)
    begin, runs = recognizer.model.predictor.begin, []

    def counted(name, *arrays):
        runs.append(name)
        return begin(name, *arrays)

    monkeypatch.setattr(recognizer.model.predictor, "begin", counted)
    monkeypatch.setattr(mtcnn, "_read", lambda model: pytest.fail("a network of the detector is built again"))
    assert [recognizer.picture(astronaut) for _ in range(3)] == [expected] * 3
    assert runs == ["frame", "sequence"] * 3
    with recognizer.stream(window_s=0.0) as stream:
        assert stream.feed(0.0, astronaut).faces == expected
