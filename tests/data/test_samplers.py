# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.data.samplers import epoch_order, repeat_factors


def test_repeat_factors_by_hand():
    """100 pictures, t = 0.16: frequencies .64, .16, .16, .04 give max(1, sqrt(.16 / f)) = 1, 1, 1, 2; and .01 in place of .04 four."""
    labels = np.repeat([7, 0, 2, 5], [64, 16, 16, 4])
    np.testing.assert_allclose(repeat_factors(labels, 0.16), np.repeat([1.0, 1.0, 1.0, 2.0], [64, 16, 16, 4]))
    labels = np.array([3] * 83 + [1] * 16 + [0])
    np.testing.assert_allclose(repeat_factors(labels, 0.16), [1.0] * 83 + [1.0] * 16 + [4.0])
    # Just below the threshold the factor is a fraction above 1: sqrt(.18 / .16).
    np.testing.assert_allclose(repeat_factors(labels, 0.18)[85], 1.0606602)
    np.testing.assert_array_equal(repeat_factors(labels, 0.0), np.ones(100))


@pytest.fixture
def factors():
    return np.random.default_rng(0).choice([1.0, 1.3, 1.5, 2.75], 500)


def test_every_picture_appears_as_often_as_its_factor_says(factors):
    """At least the whole part, at most once more, in every epoch; on average the factor itself."""
    shown = np.array([np.bincount(epoch_order(factors, 1, epoch), minlength=500) for epoch in range(400)])
    assert (shown >= np.floor(factors)).all()
    assert (shown <= np.floor(factors) + 1).all()
    for factor in np.unique(factors):
        np.testing.assert_allclose(shown[:, factors == factor].mean(), factor, atol=0.02)


def test_every_epoch_has_the_same_length(factors):
    assert {len(epoch_order(factors, seed, epoch)) for seed in range(3) for epoch in range(30)} == {round(factors.sum())}


def test_order_is_a_function_of_seed_and_epoch_alone(factors):
    first = epoch_order(factors, 3, 5)
    np.random.seed(0)
    epoch_order(factors, 8, 1)
    np.testing.assert_array_equal(epoch_order(factors, 3, 5), first)
    assert (epoch_order(factors, 3, 6) != first).any()
    assert (epoch_order(factors, 4, 5) != first).any()


def test_order_is_shuffled():
    order = epoch_order(np.ones(1000), 0, 0)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    # The rank correlation of a random order of 1000 has a standard deviation of 0.03.
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.15
