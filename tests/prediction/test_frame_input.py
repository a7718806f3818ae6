# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.prediction.frame_input import CallersFrames, FrameCheck
from image_classification.CFC_SP.support.errors import UserError

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_a_frame_is_numbered_and_its_image_copied():
    check, image = FrameCheck(), IMAGE.copy()
    first, second = check.frame(0.5, image), check.frame(1, image)
    image[:] = 9
    assert [(frame.index, frame.time_s) for frame in (first, second)] == [(0, 0.5), (1, 1.0)]
    assert not first.image.any() and not second.image.any()


@pytest.mark.parametrize(
    ("time_s", "image", "told"),
    [
        (1.0, IMAGE, "found 1.0 s after 1.0 s"),
        (float("inf"), IMAGE, "increase"),
        (2.0, IMAGE[:2], r"\[2, 6, 3\] after \[4, 6, 3\]"),
        (2.0, IMAGE.astype(float), "float64"),
        (2.0, IMAGE[:0], r"uint8 \[0, 6, 3\]"),
        (2.0, None, "NoneType"),
    ],
)
def test_what_is_no_next_frame_is_told_and_changes_nothing(time_s, image, told):
    check = FrameCheck()
    check.frame(1.0, IMAGE)
    with pytest.raises(UserError, match=told):
        check.frame(time_s, image)
    assert check.frame(2.0, IMAGE).index == 1


def test_a_recording_says_its_size_and_rate():
    frames = CallersFrames(((i / 10, IMAGE) for i in range(3)), 10)
    assert (frames.source.width, frames.source.height, frames.source.fps) == (6, 4, 10)
    assert [frame.time_s for frame in frames] == [0.0, 0.1, 0.2]
