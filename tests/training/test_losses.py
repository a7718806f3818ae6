# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import paddle

from image_classification.CFC_SP.training.losses import logit_adjustment, soft_cross_entropy


def test_soft_cross_entropy_against_numpy():
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(0, 3, (6, 5)).astype("float32"), rng.dirichlet(np.ones(5), 6).astype("float32")
    for smoothing in (0.0, 0.2):
        expected = 0.0
        for row, target in zip(logits.astype(float), targets, strict=True):
            log_probabilities = [value - math.log(sum(math.exp(v) for v in row)) for value in row]
            expected -= sum((t * (1 - smoothing) + smoothing / 5) * p for t, p in zip(target, log_probabilities, strict=True)) / 6
        found = float(soft_cross_entropy(paddle.to_tensor(logits), paddle.to_tensor(targets), smoothing))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_adjustment_counts_what_training_sees():
    """Three pictures of one class and one of another that is seen three times are as frequent; with tau 0.5 the root is left."""
    targets = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    np.testing.assert_allclose(logit_adjustment(targets, np.ones(4), 1.0), np.log([0.75, 0.25]), rtol=1e-6)
    np.testing.assert_allclose(logit_adjustment(targets, np.array([1, 1, 1, 3]), 1.0), np.log([0.5, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(logit_adjustment(targets, np.ones(4), 0.5), np.log([0.75, 0.25]) / 2, rtol=1e-6)
