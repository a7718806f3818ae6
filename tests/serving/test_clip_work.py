# SPDX-License-Identifier: Apache-2.0
"""The work on one clip, as a worker process does it."""

import shutil
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.serving.clip_request import ClipCancelledError
from image_classification.CFC_SP.serving.clip_work import work_on_clip
from image_classification.CFC_SP.support.errors import UserError
from tests.serving.fake_recognizer import FakeRecognizer


@pytest.fixture
def work(clip, tmp_path):
    """Gives `work(**message)`: what was said about the clip, and the folder of its results."""

    def work(cancelled=None, **message):
        upload, said = tmp_path / "upload", []
        shutil.copy(clip, upload)
        channel = SimpleNamespace(say=said.append, cancelled=cancelled)
        asked = {"id": "a", "path": str(upload), "name": "my.mp4", "formats": ["csv", "json"], "options": {}, "pixels": 5000, "seconds": 60}
        assert work_on_clip(FakeRecognizer(), asked | message, channel) == {"done": True}
        return said, tmp_path / "result"

    return work


def test_progress_is_told_and_results_bear_the_client_s_name(work):
    said, folder = work()
    assert said[0]["rows"].startswith(".frames.csv.part-")
    assert said[1] == {"stage": "reading", "frames": 0, "expected": 30} and said[-1] == {"stage": "reading", "frames": 30, "expected": 30}
    assert '"path": "my.mp4"' in (folder / "result.json").read_text() and len((folder / "frames.csv").read_text().splitlines()) == 31


def test_a_pass_that_draws_is_told_too(work):
    said, folder = work(formats=["mp4"])
    assert [entry["frames"] for entry in said if entry.get("stage") == "drawing"][-1] == 30 and (folder / "annotated.mp4").is_file()


def test_one_that_is_cancelled_leaves_no_file(work, tmp_path):
    with pytest.raises(ClipCancelledError):
        work(cancelled="a")
    assert not (tmp_path / "result").exists()


def test_one_that_lasts_longer_than_its_container_says_is_ended(work, tmp_path):
    with pytest.raises(UserError, match=r"at most 0.5 s, found one of more"):
        work(seconds=0.5)
    assert not (tmp_path / "result").exists()
