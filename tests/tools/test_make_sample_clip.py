# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from skimage import data

from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.video.clip import open_clip
from tools import make_sample_clip


def test_the_camera_draws_near_and_goes_back(tmp_path):
    """At first the picture's left edge is in view; half-way the face is twice as wide, and in the middle."""
    clip = tmp_path / "sample.mp4"
    assert run_script(make_sample_clip, ["-out", str(clip)]) == 0
    with open_clip(clip) as reader:
        frames = [frame.image for frame in reader]
    assert len(frames) == 100 and frames[0].shape == (360, 480, 3)
    near, far = (cv2.resize(frame, (48, 36), interpolation=cv2.INTER_AREA).astype(float) for frame in (frames[50], frames[0]))
    assert np.abs(far - near).mean() > 10
    left, width = 222 - 230 / 2, 230
    top = 118 - 0.45 * width * 0.75
    expected = cv2.resize(
        data.astronaut()[round(top) : round(top + width * 0.75), round(left) : round(left + width)], (48, 36), interpolation=cv2.INTER_AREA
    )
    assert near == pytest.approx(expected, abs=25)
    assert np.abs(near - expected).mean() < 5
