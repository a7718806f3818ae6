"""The cascade as plain loops over frames in NumPy: slow, obvious, and what every program is checked against."""

import numpy as np
from scipy.special import softmax

from .labels import COARSE, EXPR, NEGATIVE


def cascade_reference(coarse_logits, negative_logits, valid, window, temperatures_coarse, temperatures_negative, normalizer, scope):
    """(label, coarse, raw_label, probabilities, raw_probabilities) of one track, as `cascade.Cascade` returns them for the same
    inputs and settings."""
    window = int(np.asarray(window).item())
    settings = temperatures_coarse, temperatures_negative, normalizer, scope
    raw_label, _, raw_probabilities = decide_by_loop(coarse_logits, negative_logits, valid, 0, *settings)
    label, coarse, probabilities = decide_by_loop(coarse_logits, negative_logits, valid, window, *settings)
    return label, coarse, raw_label, probabilities, raw_probabilities


def decide_by_loop(coarse_logits, negative_logits, valid, window, temperatures_coarse, temperatures_negative, normalizer, scope):
    """(label, coarse, probabilities) at one window."""
    frames = range(len(valid))
    coarse = [vote(coarse_logits, i, valid, valid, window, temperatures_coarse, normalizer) for i in frames]
    routed = [valid[i] and COARSE[np.argmax(coarse[i])] == "Negative" for i in frames]
    among = routed if scope == "routed" else valid
    labels, rows = [], []
    for i in frames:
        fine = vote(negative_logits, i, valid, among, window, temperatures_negative, normalizer)
        name = COARSE[np.argmax(coarse[i])]
        labels.append(EXPR.index(NEGATIVE[np.argmax(fine)] if name == "Negative" else name))
        given = dict(zip(COARSE, coarse[i], strict=True))
        among_negative = dict(zip(NEGATIVE, fine, strict=True))
        rows.append([given["Negative"] * among_negative[name] if name in NEGATIVE else given[name] for name in EXPR])
    return np.array(labels), np.argmax(coarse, axis=1), np.array(rows)


def vote(logits, i, valid, among, window, temperatures, normalizer):
    """A stage's probabilities at frame i: the mean over its networks, logits [n, T, C], of the softmax of what SP makes of them."""
    networks = []
    for network, temperature in zip(logits, temperatures, strict=True):
        own = network[i] if valid[i] else np.zeros(len(network[i]))
        mean = mean_around(network, i, among, window, normalizer)
        networks.append(softmax((own + mean) / (temperature.smoothed if window else temperature.own)))
    return np.mean(networks, axis=0)


def mean_around(logits, i, among, window, normalizer):
    """The mean of eq. 1 at frame i: that of logits [T, C] over the frames of its window with `among` (bool [T]); 0 of none."""
    near = [logits[j].astype(float) for j in range(len(logits)) if abs(j - i) <= window // 2 and among[j]]
    return sum(near) / (len(near) if normalizer == "count" else window) if near and window else 0
