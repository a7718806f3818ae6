# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from image_classification.CFC_SP.inference.agreement import example_crops, probability_change, relative_difference


def softmax_by_loop(row):
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def test_the_change_of_probabilities_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(0, 2, (2, 5, 4)).astype(np.float32) for _ in range(2))
    expected = 0.0
    for one, other in zip(a.reshape(-1, 4).tolist(), b.reshape(-1, 4).tolist(), strict=True):
        for p, q in zip(softmax_by_loop(one), softmax_by_loop(other), strict=True):
            expected = max(expected, abs(p - q))
    assert probability_change((a,), (b,)) == pytest.approx(expected, rel=1e-6)
    assert probability_change((a, a), (a, b)) == pytest.approx(expected, rel=1e-6)
    # Large logits overflow a naive softmax; a constant changes nothing.
    assert probability_change((a + 1000,), (a,)) < 1e-3


def test_differences_are_shares_of_the_largest_value_or_of_one():
    small, large = np.array([0.5, -0.25], np.float32), np.array([40.0, -80.0], np.float32)
    assert relative_difference((small + 0.125,), (small,)) == pytest.approx(0.125)
    assert relative_difference((large + 0.5,), (large,)) == pytest.approx(0.5 / 80)
    assert relative_difference((small, large + 0.5), (small, large)) == pytest.approx(0.5 / 80)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_never_agrees(value):
    fine, broken = np.array([[1.0, 2.0]], np.float32), np.array([[1.0, value]], np.float32)
    assert relative_difference((broken,), (fine,)) == math.inf
    assert probability_change((broken,), (fine,)) == math.inf


def test_another_shape_never_agrees():
    assert relative_difference((np.zeros((1, 4)),), (np.zeros((2, 4)),)) == math.inf


def test_crops_are_the_same_each_time():
    crops = example_crops(12, 3)
    assert crops.shape == (3, 12, 12, 3) and crops.dtype == np.uint8
    np.testing.assert_array_equal(crops, example_crops(12, 3))
