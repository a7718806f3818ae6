# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.core.window import scaled_window
from image_classification.CFC_SP.support.errors import UserError


@pytest.mark.parametrize(
    ("window", "fps", "expected"),
    [(256, 30, 256), (256, 60, 512), (256, 25, 213), (256, 24, 205), (256, 29.97, 256), (0, 25, 0), (1, 5, 1), (8, 1, 1)],
)
def test_window_scales_with_the_frame_rate(window, fps, expected):
    scaled = scaled_window(window, fps)
    assert scaled == expected
    assert isinstance(scaled, int)


@pytest.mark.parametrize(("window", "fps"), [(-1, 30), (1.5, 30), (8, 0), (8, -25), (8, float("nan")), (8, float("inf"))])
def test_window_cannot_scale(window, fps):
    with pytest.raises(UserError, match="expected"):
        scaled_window(window, fps)
