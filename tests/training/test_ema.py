# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.training.ema import Ema


@pytest.mark.parametrize("to", [np.asarray, paddle.to_tensor], ids=["numpy", "paddle"])
def test_against_a_loop(to):
    values = np.random.default_rng(0).normal(0, 1, (61, 3)).astype("float32")
    ema = Ema({"w": to(values[0])}, 0.8)
    expected = values[0].astype(float)
    for step, value in enumerate(values[1:], 1):
        ema.update({"w": to(value)})
        decay = min(0.8, step / (step + 9))
        expected = decay * expected + (1 - decay) * value
    np.testing.assert_allclose(np.asarray(ema.weights["w"]), expected, atol=1e-6)


def test_first_weights_are_soon_forgotten():
    """After 60 steps at 0.998 without warming up, 89 % of the average would still be the initial weights."""
    ema = Ema({"w": np.array([1000.0])}, 0.998)
    for _ in range(60):
        ema.update({"w": np.array([1.0])})
    assert abs(ema.weights["w"][0] - 1) < 0.01


def test_arrays_given_are_left_alone():
    first = {"w": np.ones(2)}
    ema = Ema(first, 0.5)
    ema.update({"w": np.zeros(2)})
    np.testing.assert_array_equal(first["w"], [1, 1])
