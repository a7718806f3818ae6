import numpy as np

from image_classification.CFC_SP.training.metrics import score


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
