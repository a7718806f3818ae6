# SPDX-License-Identifier: Apache-2.0
"""What a clip can be asked for."""

import pytest

from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.support.errors import UserError


@pytest.mark.parametrize(
    "asked",
    [
        {"search": "always"},
        {"min_confidence": 1.5},
        {"min_confidence": float("nan")},
        {"min_segment": -1.0},
        {"min_segment": float("inf")},
    ],
)
def test_what_none_has_is_told(asked):
    with pytest.raises(UserError, match=f"^-{next(iter(asked))}: expected"):
        ClipOptions(**asked)


def test_a_result_says_what_was_asked_for():
    said = ClipOptions(min_confidence=0.5, min_segment=0.2).as_dict()
    assert (said["min_confidence"], said["min_segment"], said["stride"], said["fps"]) == (0.5, 0.2, 1, None)
