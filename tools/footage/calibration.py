# SPDX-License-Identifier: Apache-2.0
"""The confidence of smoothed labels, fitted to labelled ranges of clips."""

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.core.labels import EXPR, NEGATIVE_TO_EXPR
from image_classification.CFC_SP.core.metrics import calibration_error
from image_classification.CFC_SP.core.records import FrameResult
from tools.footage.clip_scores import faces_inside, read_ranges

# The temperatures that are tried.
TEMPERATURES = tuple(np.geomspace(0.4, 2, 17).round(3).tolist())


def labelled_rows(folders: Iterable[Path], decide: Callable[[str], list[FrameResult]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the frames of the clips in `folders` that are labelled with one of the eight classes: the smoothed probabilities [N, 8], in EXPR
    order, the class that was said [N], and whether it is right, bool [N]. decide: from a clip's path to the results of its frames."""
    rows, said, right, results = [], [], [], {}
    for entry in (entry for folder in folders for entry in read_ranges(folder) if entry["label"] in EXPR):
        if entry["path"] not in results:
            results[entry["path"]] = decide(entry["path"])
        for face in faces_inside(entry, results[entry["path"]]):
            rows.append(face.probabilities)
            said.append(EXPR.index(face.label))
            right.append(face.label == entry["label"])
    return np.array(rows), np.array(said, int), np.array(right, bool)


def fit_calibration(probabilities: np.ndarray, said: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """The coarse and the negative temperature with the least calibration error of the confidence in what was said.

    Both out of TEMPERATURES; of equals the pair nearest to 1. Arrays as `labelled_rows` has them.
    """
    rows = np.arange(len(said))

    def error(temperatures):
        confidence = calibrated(probabilities, *temperatures)[rows, said]
        return round(calibration_error(confidence, right), 4), sum(abs(np.log(each)) for each in temperatures)

    return min(product(TEMPERATURES, repeat=2), key=error)


def calibrated(probabilities: np.ndarray, coarse_temperature: float, negative_temperature: float) -> np.ndarray:
    """Probabilities [N, 8], in EXPR order, as `core.cascade.Cascade` calibrates them: the coarse ones, and those among the negative, each
    to the power of 1 / temperature and summing to 1 again."""
    negative = list(NEGATIVE_TO_EXPR)
    share = probabilities[:, negative].sum(1, keepdims=True)
    fine = (probabilities[:, negative] / share) ** (1 / negative_temperature)
    powers = probabilities ** (1 / coarse_temperature)
    powers[:, negative] = share ** (1 / coarse_temperature) * fine / fine.sum(1, keepdims=True)
    return powers / powers.sum(1, keepdims=True)
