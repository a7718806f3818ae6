# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.behaviour.group_means import difference_rows, group_rows, interval


def test_two_values_by_hand():
    """Of two clips with 0 and 1, a quarter of the draws have the mean 0, half 1/2, a quarter 1."""
    assert interval(([0.0, 1.0],), 0) == (0.0, 1.0)
    assert interval(([1.0, 1.0], [0.25, 0.25]), 0) == (0.75, 0.75)
    assert interval(([1.0],), 0) == interval(([1.0], [0.0, 1.0]), 0) == (None, None)


def test_intervals_are_those_of_a_plain_loop():
    random = np.random.default_rng(3)
    a, b = random.random(12), 0.3 + random.random(9)
    means = sorted(random.choice(a, 12).mean() for _ in range(4000))
    assert interval((a,), 0) == pytest.approx((means[100], means[-101]), abs=0.02)
    differences = sorted(random.choice(a, 12).mean() - random.choice(b, 9).mean() for _ in range(4000))
    assert interval((a, b), 0) == pytest.approx((differences[100], differences[-101]), abs=0.02)


def test_a_seed_gives_the_same_and_another_seed_others():
    values = list(np.random.default_rng(0).random(9))
    assert interval((values,), 1) == interval((values,), 1) != interval((values,), 2)


def test_clips_without_a_measure_are_left_out():
    groups = {"a": [{"m": 1.0, "k": None}, {"m": 3.0, "k": None}, {"m": None, "k": None}], "b": [{"m": 5.0, "k": 1.0}]}
    rows = group_rows(groups, ("m", "k"), 0)
    assert [(row["group"], row["measure"], row["clips"], row["mean"]) for row in rows] == [
        ("a", "m", 2, 2.0),
        ("b", "m", 1, 5.0),
        ("b", "k", 1, 1.0),
    ]
    (row,) = difference_rows(groups, ("m", "k"), 0)
    assert row == {"group_a": "a", "group_b": "b", "measure": "m", "difference": -3.0, "low": None, "high": None}
