# SPDX-License-Identifier: Apache-2.0
"""The pictures of every comparison."""

import numpy as np


def pictures(size: int, count: int = 2) -> np.ndarray:
    """Input of every comparison, float32 [count, 3, size, size]."""
    return np.random.default_rng(7).normal(0, 1, (count, 3, size, size)).astype(np.float32)
