# SPDX-License-Identifier: Apache-2.0
"""Smooth predicting over a whole data set, once for each window of the paper's Table 4."""

from collections.abc import Iterator

import numpy as np

from image_classification.CFC_SP.core.labels import COARSE, NEGATIVE
from image_classification.CFC_SP.core.smoothing import smooth
from tools.benchmarks.measuring import median_of, seconds_of
from tools.benchmarks.processes import forget_peak, peak_mb

WINDOWS = (0, 32, 64, 128, 256, 512)
LOGITS = len(COARSE) + len(NEGATIVE)


def measure(arguments) -> Iterator[list[dict]]:
    """One row a window: seconds, and the most memory that the process held meanwhile, its libraries and the logits included."""
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((arguments.frames, LOGITS), np.float32)
    valid = rng.random(arguments.frames) > 0.1
    for window in WINDOWS:
        forget_peak()
        spent = seconds_of(lambda window=window: smooth(logits, valid, window), arguments.runs)
        known = {"frames": arguments.frames, "logits": LOGITS, "window": window, "unit": "s"}
        yield [{**known, **median_of(spent).row(4), "peak_mb": round(peak_mb())}]
