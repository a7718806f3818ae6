# SPDX-License-Identifier: Apache-2.0
"""How far the outputs of two engines lie apart, on crops that anyone can make again."""

import numpy as np

from ..core.track_cascade import softmax

# Of one engine against another in float32, as a share of the largest value.
TOLERANCE = 1e-4
# Of any probability, when a network computes in bfloat16.
MAX_PROBABILITY_CHANGE = 0.02


def example_crops(size: int, count: int) -> np.ndarray:
    """Seeded crops, uint8 [count, size, size, 3]."""
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def relative_difference(found, expected) -> float:
    """The largest difference between two tuples of arrays, as a share of the largest value or 1; infinite where a value is not finite."""
    shares = [
        _finite(np.abs(a.astype(np.float64) - b).max() / max(1.0, np.abs(b).max())) if a.shape == b.shape else np.inf
        for a, b in zip(found, expected, strict=True)
    ]
    return max(shares)


def probability_change(found, expected) -> float:
    """The largest change of a probability between two tuples of logits [..., classes]; infinite where one is not a number."""
    # What an engine computes wrong may hold infinities, whose differences are not numbers.
    with np.errstate(invalid="ignore"):
        pairs = [[softmax(logits.astype(np.float64), -1) for logits in pair] for pair in zip(found, expected, strict=True)]
    return max(_finite(np.abs(a - b).max()) for a, b in pairs)


def _finite(value) -> float:
    return float(value) if np.isfinite(value) else float("inf")
