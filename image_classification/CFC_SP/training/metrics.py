"""Scores as ABAW counts them."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score


@dataclass(frozen=True)
class Scores:
    """accuracy and macro_f1 in [0, 1]; f1 per class [C]; confusion int [C, C], rows are the true classes."""

    accuracy: float
    macro_f1: float
    f1: np.ndarray
    confusion: np.ndarray


def score(labels: np.ndarray, predictions: np.ndarray, classes: int) -> Scores:
    """Scores of predicted class numbers [N] against true ones [N]; a class in neither counts F1 0, as in ABAW."""
    every = np.arange(classes)
    f1 = f1_score(labels, predictions, labels=every, average=None, zero_division=0)
    return Scores(accuracy_score(labels, predictions), float(f1.mean()), f1, confusion_matrix(labels, predictions, labels=every))
