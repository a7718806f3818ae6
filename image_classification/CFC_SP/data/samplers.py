# SPDX-License-Identifier: Apache-2.0
"""The order of training pictures, a pure function of seed and epoch, so that a resumed run goes on as if never stopped."""

import numpy as np


def repeat_factors(labels: np.ndarray, threshold: float) -> np.ndarray:
    """How often each picture is shown an epoch, float64 [N]: r_c = max(1, sqrt(t / f_c)) for its class c of frequency f_c.

    Repeat-factor sampling of LVIS (Gupta et al., CVPR 2019, section 4.4), the paper's oversampling [9]; threshold 0 gives ones.
    """
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.maximum(1.0, np.sqrt(threshold * len(labels) / counts))[inverse]


def epoch_order(factors: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Shuffled picture indices of one epoch, int64 [round(sum of factors)]; fractions of a factor are drawn at random.

    Picture i is there floor(factors[i]) times or once more.
    """
    rng = np.random.default_rng((seed, epoch))
    repeats = np.floor(factors).astype(int)
    # A draw for each picture alone would change the total, and with it the number of steps.
    missing = round(factors.sum()) - repeats.sum()
    repeats[np.argsort(rng.random(len(factors)) - (factors - repeats))[:missing]] += 1
    order = np.repeat(np.arange(len(factors)), repeats)
    rng.shuffle(order)
    return order
