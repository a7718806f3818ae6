from contextlib import nullcontext

import pytest

from image_classification.CFC_SP.prediction import recognizer as module
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from tests import clips


@pytest.fixture(scope="session")
def recognizer():
    """One recognizer for all tests of what is around it."""
    with Recognizer(device="cpu") as recognizer:
        yield recognizer


@pytest.fixture
def loaded_once(recognizer, monkeypatch):
    """Whoever makes a recognizer gets that one, and it stays open."""
    monkeypatch.setattr(module, "Recognizer", lambda *options: nullcontext(recognizer))


@pytest.fixture
def clip(tmp_path):
    """Two seconds of a street with sound: no face."""
    return clips.write_clip(tmp_path / "clip.mp4", clips.pictures(40), fps=20, gop=10, sound=True)


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """Some frames without a face."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "street.mp4", clips.pictures(12))
