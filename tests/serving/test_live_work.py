# SPDX-License-Identifier: Apache-2.0
"""Pictures and streams, as a worker process answers them."""

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.serving.live_work import LiveWork
from image_classification.CFC_SP.support.errors import UserError
from tests.serving.fake_recognizer import FakeRecognizer

MESSAGE = {"name": "frame", "pixels": 5000}


def png(width=64, height=48):
    return cv2.imencode(".png", np.zeros((height, width, 3), np.uint8))[1].tobytes()


def test_streams_are_apart_and_one_of_another_size_begins_again():
    work = LiveWork(FakeRecognizer())

    def label(stream, number, **size):
        message = MESSAGE | {"stream": stream, "time_s": float(number)}
        return work.answer(message, png(**size))["faces"][0]["label"]

    assert [label("a", number) for number in range(11)] == ["Happiness"] * 10 + ["Surprise"]
    assert label("b", 0) == "Happiness" and label("a", 11) == "Surprise"
    assert label("a", 12, width=48, height=64) == "Happiness"
    assert work.answer({"close": "a"}, b"") == {} == work.answer({"close": "a"}, b"")
    assert label("a", 13) == "Happiness"


def test_what_is_no_picture_or_too_large_is_refused():
    work = LiveWork(FakeRecognizer())
    assert work.answer(MESSAGE, png())["width"] == 64
    with pytest.raises(UserError, match=r"in 'frame' \(does not decode\)"):
        work.answer(MESSAGE, b"x")
    with pytest.raises(UserError, match="at most 5000 pixels"):
        work.answer(MESSAGE, png(100, 100))
