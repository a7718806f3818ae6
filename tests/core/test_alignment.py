# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from image_classification.CFC_SP.core.alignment import TEMPLATE, similarity


@pytest.mark.parametrize("seed", range(5))
def test_the_similarity_is_that_of_scikit_image(seed):
    points = TEMPLATE * 2.5 + np.random.default_rng(seed).normal(0, 8, (5, 2)) + 300
    np.testing.assert_allclose(similarity(points, TEMPLATE), SimilarityTransform.from_estimate(points, TEMPLATE).params[:2], atol=1e-9)


def test_a_turn_a_scale_and_a_shift_are_found():
    angle, points = np.radians(20), np.random.default_rng(0).normal(0, 10, (5, 2))
    turn = 1.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(similarity(points, points @ turn.T + (3, -7)), np.column_stack([turn, (3, -7)]), atol=1e-12)


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_points_that_say_nothing_are_refused(points):
    with pytest.raises(ValueError, match="expected points apart from each other"), np.errstate(invalid="ignore"):
        similarity(points, TEMPLATE)
