# SPDX-License-Identifier: Apache-2.0
import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from image_classification.CFC_SP.core.metrics import calibration_error, score


def test_by_hand():
    """Class 0: 2 right, 1 missed, 1 false; class 1: 1, 1, 1; class 2: 1, 0, 0; class 3: 0, 1, 1."""
    scores = score(np.array([0, 0, 0, 1, 1, 2, 3]), np.array([0, 0, 1, 1, 3, 2, 0]), 4)
    np.testing.assert_array_equal(scores.confusion, [[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]])
    f1 = [2 * 2 / (2 * 2 + 1 + 1), 2 * 1 / (2 * 1 + 1 + 1), 1.0, 0.0]
    np.testing.assert_allclose(scores.f1, f1)
    np.testing.assert_allclose((scores.macro_f1, scores.accuracy), (sum(f1) / 4, 4 / 7))


def test_a_class_in_neither_counts_zero():
    scores = score(np.array([0, 1]), np.array([0, 1]), 5)
    np.testing.assert_allclose(scores.f1, [1, 1, 0, 0, 0])
    assert (scores.macro_f1, scores.accuracy) == (0.4, 1.0)
    assert scores.confusion.shape == (5, 5)


def test_against_counting():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 8, (2, 500))
    scores = score(labels, predictions, 8)
    for c in range(8):
        hits = sum(a == b == c for a, b in zip(labels, predictions, strict=True))
        np.testing.assert_allclose(scores.f1[c], 2 * hits / (sum(labels == c) + sum(predictions == c)))
        for d in range(8):
            assert scores.confusion[c, d] == sum((labels == c) & (predictions == d))


def test_precision_and_recall_against_counting():
    rng = np.random.default_rng(1)
    labels, predictions = rng.integers(0, 5, (2, 300))
    scores = score(labels, predictions, 5)
    for c in range(5):
        hits = sum((labels == c) & (predictions == c))
        np.testing.assert_allclose((scores.precision[c], scores.recall[c]), (hits / sum(predictions == c), hits / sum(labels == c)))


def test_scores_are_scikit_learn_s():
    rng = np.random.default_rng(2)
    labels, predictions = rng.choice([0, 1, 2, 4], 400), rng.choice([0, 1, 3, 4], 400)
    scores = score(labels, predictions, 6)
    expected = precision_recall_fscore_support(labels, predictions, labels=range(6), zero_division=0)
    np.testing.assert_allclose((scores.precision, scores.recall, scores.f1), expected[:3], rtol=0, atol=1e-12)


def test_calibration_error_by_hand():
    """Bins of a fifth: two of mean 0.1 with one right, three of mean 0.9 with two right; 1 belongs to the last bin."""
    confidences, correct = np.array([0.05, 0.15, 0.8, 0.9, 1.0]), np.array([True, False, True, True, False])
    np.testing.assert_allclose(calibration_error(confidences, correct, 5), (2 * 0.4 + 3 * (0.9 - 2 / 3)) / 5)


def test_calibration_error_of_an_honest_forecaster_is_small():
    rng = np.random.default_rng(0)
    confidences = rng.random(20000)
    assert calibration_error(confidences, rng.random(20000) < confidences) < 0.02
    assert calibration_error(confidences, np.ones(20000, bool)) > 0.4
