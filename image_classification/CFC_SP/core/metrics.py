# SPDX-License-Identifier: Apache-2.0
"""Scores as ABAW counts them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scores:
    """accuracy and macro_f1 in [0, 1]; precision, recall and f1 per class [C]; confusion int [C, C], rows are the true classes;
    ece in [0, 1], where the confidence of each prediction was given."""

    accuracy: float
    macro_f1: float
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    confusion: np.ndarray
    ece: float | None = None

    def as_validation(self) -> dict[str, float]:
        """val_accuracy and val_macro_f1, as checkpoints and metrics.csv have them."""
        return {"val_accuracy": round(self.accuracy, 5), "val_macro_f1": round(self.macro_f1, 5)}


def score(labels: np.ndarray, predictions: np.ndarray, classes: int, confidences: np.ndarray | None = None) -> Scores:
    """Scores of predicted class numbers [N] against true ones [N]; a class in neither counts F1 0, as in ABAW."""
    confusion = np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)
    hits, said, true = np.diag(confusion), confusion.sum(0), confusion.sum(1)
    # Where nothing was said, or nothing is true, there are no hits either.
    precision, recall, f1 = (hits / np.maximum(1, count) for count in (said, true, (said + true) / 2))
    ece = None if confidences is None else calibration_error(confidences, predictions == labels)
    return Scores(float(np.trace(confusion) / confusion.sum()), float(f1.mean()), precision, recall, f1, confusion, ece)


def calibration_error(confidences: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., ICML 2017): |accuracy - mean confidence| in equal bins of confidence, weighted by size."""
    places = np.minimum((np.asarray(confidences, float) * bins).astype(int), bins - 1)
    gaps = np.bincount(places, weights=np.asarray(correct, float) - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidences))
