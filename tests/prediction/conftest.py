from contextlib import nullcontext

import pytest

from image_classification.CFC_SP.prediction import recognizer as module
from image_classification.CFC_SP.prediction.recognizer import Recognizer


@pytest.fixture(scope="session")
def recognizer():
    """One recognizer for all tests of what is around it."""
    with Recognizer(device="cpu") as recognizer:
        yield recognizer


@pytest.fixture
def loaded_once(recognizer, monkeypatch):
    """Whoever makes a recognizer gets that one, and it stays open."""
    monkeypatch.setattr(module, "Recognizer", lambda *options: nullcontext(recognizer))
