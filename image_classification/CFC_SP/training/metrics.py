"""Scores as ABAW counts them."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support


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


def score(labels: np.ndarray, predictions: np.ndarray, classes: int, confidences: np.ndarray | None = None) -> Scores:
    """Scores of predicted class numbers [N] against true ones [N]; a class in neither counts F1 0, as in ABAW."""
    every = np.arange(classes)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predictions, labels=every, zero_division=0)
    confusion = confusion_matrix(labels, predictions, labels=every)
    ece = None if confidences is None else calibration_error(confidences, predictions == labels)
    return Scores(accuracy_score(labels, predictions), float(f1.mean()), precision, recall, f1, confusion, ece)


def calibration_error(confidences: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., ICML 2017): |accuracy - mean confidence| in equal bins of confidence, weighted by size."""
    places = np.minimum((np.asarray(confidences, float) * bins).astype(int), bins - 1)
    gaps = np.bincount(places, weights=np.asarray(correct, float) - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidences))
