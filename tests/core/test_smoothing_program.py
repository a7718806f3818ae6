# SPDX-License-Identifier: Apache-2.0
"""The layer as it is exported; tests/core/test_smoothing.py holds it to the loop beside `smooth`."""

import numpy as np
import pytest

from image_classification.CFC_SP.core.reference import mean_around
from image_classification.CFC_SP.core.smoothing_program import SmoothPredicting
from image_classification.CFC_SP.support.errors import UserError
from tests.static_program import StaticProgram


@pytest.mark.parametrize("onednn", [False, True])
@pytest.mark.parametrize("normalizer", ["count", "window"])
def test_exported_smoothing_serves_every_length_and_window(tmp_path, normalizer, onednn):
    inputs = {"logits": ([-1, 4], "float32"), "valid": ([-1], "bool"), "window": ([1], "int64")}
    program = StaticProgram(SmoothPredicting(normalizer), inputs, tmp_path / "smoothing", onednn)
    for frames in (1, 2, 41):
        rng = np.random.default_rng(frames)
        logits, valid = rng.normal(0, 2, (frames, 4)).astype(np.float32), rng.random(frames) >= 0.25
        for window in (0, 1, 6, 7, 1000):
            own = np.where(valid[:, None], logits, 0)
            expected = own + [mean_around(logits, i, valid, window, normalizer) * np.ones(4) for i in range(frames)]
            np.testing.assert_allclose(program(logits, valid, np.array([window]))[0], expected, atol=1e-5)


def test_layer_refuses_an_unknown_normalizer():
    with pytest.raises(UserError, match="'sum'"):
        SmoothPredicting("sum")
