# SPDX-License-Identifier: Apache-2.0
"""The cascade as plain loops over frames in NumPy: slow, obvious, and what every program is checked against."""

import numpy as np
from scipy.special import softmax

from .labels import COARSE, EXPR, NEGATIVE


def cascade_reference(coarse_logits, negative_logits, valid, window, *settings, kind="logits", tau=0.0):
    """(label, coarse, raw_label, probabilities, raw_probabilities) of one track, as `cascade.Cascade` returns them for the same
    inputs and settings; kind by name, tau a number."""
    window = int(np.asarray(window).item())
    arrays = coarse_logits, negative_logits, valid
    raw_label, _, raw_probabilities = decide_by_loop(*arrays, 0, *settings, tau=tau)
    label, coarse, probabilities = decide_by_loop(*arrays, window, *settings, kind=kind, tau=tau)
    return label, coarse, raw_label, probabilities, raw_probabilities


def decide_by_loop(
    coarse_logits,
    negative_logits,
    valid,
    window,
    temperatures_coarse,
    temperatures_negative,
    normalizer,
    scope,
    shares=None,
    calibration=None,
    kind="logits",
    tau=0.0,
):
    """(label, coarse, probabilities) at one window."""
    frames = range(len(valid))
    weights = {name: 1.0 if shares is None or name == "Other" else share**-tau for name, share in zip(EXPR, shares or [1] * 8, strict=True)}

    def own(logits, temperatures, i):
        return vote(logits, i, valid, valid, 0, temperatures, normalizer)

    own_fine = [own(negative_logits, temperatures_negative, i) for i in frames]
    if kind == "logits" or not window:
        coarse = [vote(coarse_logits, i, valid, valid, window, temperatures_coarse, normalizer) for i in frames]
        routed = [valid[i] and coarse_of(eight(coarse[i], own_fine[i], weights)) == "Negative" for i in frames]
        among = routed if scope == "routed" else valid
        fine = [vote(negative_logits, i, valid, among, window, temperatures_negative, normalizer) for i in frames]
        rows = [eight(coarse[i], fine[i], weights) for i in frames]
    else:
        raw = [eight(own(coarse_logits, temperatures_coarse, i), own_fine[i], weights) for i in frames]
        rows = [calibrated(mean_row(raw, i, valid, window, kind), *(calibration or {}).get(kind, (1, 1))) for i in frames]
    labels = [EXPR.index(label_of(row)) for row in rows]
    if kind == "decoder":
        labels = lasting_by_loop(labels, window // 4)
    coarse = [COARSE.index("Negative" if EXPR[label] in NEGATIVE else EXPR[label]) for label in labels]
    return np.array(labels), np.array(coarse), np.array([[row[name] for name in EXPR] for row in rows])


def eight(coarse, fine, weights):
    """The eight probabilities by name: coarse [5] and fine [4] joined, each times its weight, summing to 1."""
    given, among_negative = dict(zip(COARSE, coarse, strict=True)), dict(zip(NEGATIVE, fine, strict=True))
    row = {name: given["Negative"] * among_negative[name] if name in NEGATIVE else given[name] for name in EXPR}
    return normalised({name: share * weights[name] for name, share in row.items()})


def mean_row(rows, i, valid, window, kind):
    """The mean of the rows, or of their logarithms, over the valid frames of frame i's window; its own where there are none."""
    near = [rows[j] for j in range(len(rows)) if abs(j - i) <= window // 2 and valid[j]]
    if not near:
        return rows[i]
    if kind == "probabilities":
        return {name: np.mean([row[name] for row in near]) for name in EXPR}
    return normalised({name: np.exp(np.mean([np.log(max(row[name], 0.01)) for row in near])) for name in EXPR})


def calibrated(row, coarse_temperature, negative_temperature):
    """A row whose coarse probabilities, and those among the negative, are raised to the power 1 / temperature each."""
    coarse = [sum(row[name] for name in NEGATIVE) if name == "Negative" else row[name] for name in COARSE]
    fine = np.array([row[name] for name in NEGATIVE]) ** (1 / negative_temperature)
    return eight(np.array(coarse) ** (1 / coarse_temperature), fine / fine.sum(), dict.fromkeys(EXPR, 1.0))


def normalised(row):
    """The row divided by its sum."""
    total = sum(row.values())
    return {name: share / total for name, share in row.items()}


def coarse_of(row):
    """The likeliest coarse class, of equals the first."""
    return max(COARSE, key=lambda name: sum(row[fine] for fine in NEGATIVE) if name == "Negative" else row[name])


def label_of(row):
    """The cascade's decision: the coarse class, or the likeliest of the negative ones."""
    coarse = coarse_of(row)
    return max(NEGATIVE, key=row.get) if coarse == "Negative" else coarse


def lasting_by_loop(labels, shortest):
    """The labels, of which each run shorter than `shortest` took the label of the nearest longer one within reach."""
    runs = []  # of each frame: the length of its run
    for i in range(len(labels)):
        first = last = i
        while first > 0 and labels[first - 1] == labels[i]:
            first -= 1
        while last + 1 < len(labels) and labels[last + 1] == labels[i]:
            last += 1
        runs.append(last - first + 1)
    found = []
    for i, label in enumerate(labels):
        near = [j for j in range(len(labels)) if runs[j] >= shortest and abs(j - i) <= shortest]
        found.append(labels[min(near, key=lambda j: abs(j - i))] if near else label)
    return found


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
