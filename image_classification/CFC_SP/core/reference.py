"""The cascade as plain loops over frames in NumPy: slow, obvious, and what every program is checked against."""

import numpy as np

from .labels import COARSE, EXPR, NEGATIVE


def cascade_reference(coarse_logits, negative_logits, valid, window, temperatures_coarse, temperature_negative, normalizer, negative_scope):
    """(label, coarse, raw_label, probabilities) of one track, as `cascade.Cascade` returns them for the same inputs and settings."""
    window = int(np.asarray(window).item())
    settings = temperatures_coarse, temperature_negative, normalizer, negative_scope
    raw_label, _, _ = decide_by_loop(coarse_logits, negative_logits, valid, 0, *settings)
    label, coarse, probabilities = decide_by_loop(coarse_logits, negative_logits, valid, window, *settings)
    return label, coarse, raw_label, probabilities


def decide_by_loop(coarse_logits, negative_logits, valid, window, temperatures_coarse, temperature_negative, normalizer, negative_scope):
    """(label, coarse, probabilities) at one window."""
    frames = range(len(valid))
    coarse = []
    for i in frames:
        networks = []
        for logits, temperature in zip(coarse_logits, temperatures_coarse, strict=True):
            own = logits[i] if valid[i] else np.zeros(len(COARSE))
            networks.append(softmax((own + mean_around(logits, i, valid, window, normalizer)) / temperature))
        coarse.append(np.mean(networks, axis=0))
    routed = [valid[i] and COARSE[np.argmax(coarse[i])] == "Negative" for i in frames]
    labels, rows = [], []
    for i in frames:
        own = negative_logits[i] if valid[i] else np.zeros(len(NEGATIVE))
        among = routed if negative_scope == "routed" else valid
        fine = softmax((own + mean_around(negative_logits, i, among, window, normalizer)) / temperature_negative)
        name = COARSE[np.argmax(coarse[i])]
        labels.append(EXPR.index(NEGATIVE[np.argmax(fine)] if name == "Negative" else name))
        given = dict(zip(COARSE, coarse[i], strict=True))
        among_negative = dict(zip(NEGATIVE, fine, strict=True))
        rows.append([given["Negative"] * among_negative[name] if name in NEGATIVE else given[name] for name in EXPR])
    return np.array(labels), np.argmax(coarse, axis=1), np.array(rows)


def mean_around(logits, i, among, window, normalizer):
    """The mean of eq. 1 at frame i: that of logits [T, C] over the frames of its window with `among` (bool [T]); 0 of none."""
    near = [logits[j].astype(float) for j in range(len(logits)) if abs(j - i) <= window // 2 and among[j]]
    return sum(near) / (len(near) if normalizer == "count" else window) if near and window else 0


def softmax(logits):
    """Of one vector."""
    powers = np.exp(logits - max(logits))
    return powers / powers.sum()
