# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.reference import decide_by_loop, mean_around

LOGITS = np.array([[0.0], [6.0], [3.0], [9.0]])


@pytest.mark.parametrize(
    ("frame", "window", "among", "normalizer", "mean"),
    [
        (0, 2, [1, 1, 1, 1], "count", 3.0),  # frames 0 and 1
        (1, 2, [1, 1, 1, 1], "count", 3.0),  # frames 0, 1 and 2
        (1, 3, [1, 1, 1, 1], "window", 3.0),  # an odd window reaches as far as the even one below it
        (2, 4, [1, 0, 1, 1], "count", 4.0),  # frames 0, 2 and 3
        (2, 4, [1, 0, 1, 1], "window", 3.0),
        (1, 0, [1, 1, 1, 1], "count", 0.0),
        (0, 2, [0, 0, 1, 1], "count", 0.0),
    ],
)
def test_the_mean_of_a_window_by_hand(frame, window, among, normalizer, mean):
    assert np.isclose(mean_around(LOGITS, frame, np.array(among, bool), window, normalizer), mean)


def test_a_decision_by_hand():
    """Two frames: the first is plainly Happiness; the second Negative, where Fear is three times as likely as each of the others."""
    coarse = np.log([[[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1, 0.6]]])
    negative = np.log([[[0.25] * 4, [1 / 6, 1 / 6, 3 / 6, 1 / 6]]])
    once = [Temperature()]
    labels, stages, probabilities = decide_by_loop(coarse, negative, [True, True], 0, once, once, "count", "routed")
    assert [EXPR[label] for label in labels] == ["Happiness", "Fear"] and stages.tolist() == [1, 4]
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(probabilities[1, EXPR.index("Fear")], 0.6 * 0.5)
    # f' = 2 f where the window is one frame: squares of the probabilities, made to sum to one.
    _, _, sharper = decide_by_loop(coarse, negative, [True, True], 1, once, once, "count", "routed")
    np.testing.assert_allclose(sharper[0, EXPR.index("Happiness")], 0.36 / 0.40)
