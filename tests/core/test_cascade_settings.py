# SPDX-License-Identifier: Apache-2.0
"""A cascade's settings as arrays, by hand; tests/core/test_cascade.py has those that are refused."""

import numpy as np

from image_classification.CFC_SP.core.cascade_settings import IN_STAGE_ORDER, calibration_table, log_shares
from image_classification.CFC_SP.core.labels import EXPR


def test_the_stages_meet_in_eight_classes():
    assert [EXPR[number] for number in IN_STAGE_ORDER] == [
        *("Neutral", "Happiness", "Surprise", "Other"),
        *("Anger", "Disgust", "Fear", "Sadness"),
    ]


def test_shares_are_logarithms_in_that_order_and_other_counts_as_one():
    shares = [0.3, 0.1, 0.06, 0.08, 0.2, 0.12, 0.1, 0.04]
    np.testing.assert_allclose(np.exp(log_shares(shares)), [0.3, 0.2, 0.1, 1.0, 0.1, 0.06, 0.08, 0.12], rtol=1e-6)
    assert log_shares(None).tolist() == [0.0] * 8


def test_a_kind_without_calibration_is_left_as_it_is():
    assert calibration_table({"decoder": (0.5, 2.0)}).tolist() == [[1, 1], [1, 1], [0.5, 2.0]]
    assert calibration_table(None).tolist() == [[1, 1]] * 3
