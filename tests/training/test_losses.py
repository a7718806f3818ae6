# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import paddle

from image_classification.CFC_SP.training.losses import soft_cross_entropy


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
