# SPDX-License-Identifier: Apache-2.0
"""The cascade over many frames at once in NumPy, one row a class: what scores whole data sets (sections 3.2 and 3.3)."""

from collections.abc import Sequence

import numpy as np

from .cascade_settings import IN_STAGE_ORDER
from .labels import COARSE_TO_EXPR, NEGATIVE_CLASS, NEGATIVE_TO_EXPR


def stage_rows(logits: np.ndarray, stage: str) -> np.ndarray:
    """A flat network's logits [8, N] in the classes of `stage`, as `ensemble.stage_logits` has them: [8, N], [5, N] or [4, N]."""
    if stage == "flat":
        return logits
    negative = logits[list(NEGATIVE_TO_EXPR)]
    if stage == "negative":
        return negative
    # Scoring alone comes here; prediction does without SciPy.
    from scipy.special import logsumexp

    return np.concatenate([logits[list(COARSE_TO_EXPR[:NEGATIVE_CLASS])], logsumexp(negative, axis=0, keepdims=True)])


def vote_of(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """An ensemble's probabilities [C, N]: the mean of its networks'."""
    return sum(probabilities[1:], start=probabilities[0].copy()) / len(probabilities)


def stage_weights(log_shares: np.ndarray, tau: float, stage: str) -> np.ndarray:
    """What divides the training data's prior out of a stage's probabilities, [C, 1]: each class's share to the power of -tau.

    log_shares: as `cascade_settings.log_shares` gives them. The share of Negative is that of its four classes together.
    """
    plain, negative = log_shares[:NEGATIVE_CLASS], log_shares[NEGATIVE_CLASS:]
    ours = {
        "flat": log_shares[np.argsort(IN_STAGE_ORDER)],
        "coarse": np.append(plain, np.log(np.exp(negative).sum())),
        "negative": negative,
    }
    return np.exp(-tau * ours[stage], dtype=np.float32)[:, None]


def weigh_rows(coarse: np.ndarray, negative: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both stages' probabilities, [5, N] and [4, N], after each of the eight that they make is multiplied by its weight, [8, 1] in
    IN_STAGE_ORDER, and all are scaled to sum to 1."""
    eight = np.concatenate([coarse[:NEGATIVE_CLASS], coarse[NEGATIVE_CLASS:] * negative]) * weights
    eight /= eight.sum(0)
    plain, fine = eight[:NEGATIVE_CLASS], eight[NEGATIVE_CLASS:]
    return np.concatenate([plain, fine.sum(0, keepdims=True)]), fine / fine.sum(0)


def routed(coarse: np.ndarray) -> np.ndarray:
    """Which frames go to the negative networks, bool [N]: those whose coarse probabilities [5, N] are largest for Negative."""
    return coarse.argmax(0) == NEGATIVE_CLASS


def decide_rows(coarse: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(labels int64 [N], confidences [N]) of the cascade, in EXPR order; coarse: probabilities [5, N]; negative: [4, R] of the R routed
    frames."""
    labels, confidences, sent = np.array(COARSE_TO_EXPR)[coarse.argmax(0)], coarse.max(0), routed(coarse)
    labels[sent] = np.array(NEGATIVE_TO_EXPR)[negative.argmax(0)]
    confidences[sent] *= negative.max(0)
    return labels, confidences


def label_of(eight: np.ndarray) -> int:
    """The cascade's decision from the eight probabilities of a face, in EXPR order, as its number there."""
    rows = eight[:, None]
    plain, negative = rows[list(COARSE_TO_EXPR[:NEGATIVE_CLASS])], rows[list(NEGATIVE_TO_EXPR)]
    coarse = np.concatenate([plain, negative.sum(0, keepdims=True)])
    (label,), _ = decide_rows(coarse, negative[:, routed(coarse)])
    return int(label)
