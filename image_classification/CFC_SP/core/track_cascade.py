# SPDX-License-Identifier: Apache-2.0
"""The cascade over one track in NumPy (sections 3.2 and 3.3): what decides in prediction, whatever engine runs the networks.

It computes what the program `cascade.Cascade` does, which a bundle holds for other runtimes, and export compares the two.
"""

import numpy as np

from .cascade_settings import IN_STAGE_ORDER, TINY
from .kinds import FLOOR, KINDS, SHARE_OF_WINDOW
from .labels import COARSE_TO_EXPR, EXPR_TO_COARSE, NEGATIVE_CLASS, NEGATIVE_TO_EXPR
from .smoothing import mean_in_window

_TO_EXPR_ORDER = np.argsort(IN_STAGE_ORDER)


class TrackCascade:
    """The logits of one track in, its expressions out.

    temperatures_coarse [M, 2], temperatures_negative [K, 2]: a `Temperature` for each network of the stage. log_shares [8], calibration
    [kinds, 2]: as `cascade_settings` gives them. normalizer, negative_scope: as in `cascade.Cascade`. All of it is checked before.
    """

    def __init__(self, temperatures_coarse, temperatures_negative, normalizer, negative_scope, log_shares, calibration):
        stages = temperatures_coarse, temperatures_negative
        self._coarse, self._negative = (np.asarray(stage, np.float32)[:, None, :] for stage in stages)
        self._normalizer, self._negative_scope = normalizer, negative_scope
        self._log_shares, self._calibration = np.asarray(log_shares, np.float32), np.asarray(calibration, np.float32)

    def __call__(self, coarse_logits, negative_logits, valid, window, kind=None, tau=None) -> tuple[np.ndarray, ...]:
        """(label [T], coarse [T], raw_label [T], probabilities and raw_probabilities float32 [T, 8]), as `cascade.Cascade.forward` says.

        coarse_logits: float32 [M, T, 5]; negative_logits: float32 [K, T, 4]; valid: bool [T]; window: int [1]; kind: int [1], None:
        logits; tau: float [1], None: 0.
        """
        window, kind = int(np.asarray(window).item()), list(KINDS)[0 if kind is None else int(np.asarray(kind).item())]
        weights = np.exp(-np.float32(0 if tau is None else np.asarray(tau).item()) * self._log_shares)
        # Not a product with the mask, which would let NaN through.
        coarse, negative = (np.where(valid[:, None], logits, np.float32(0)) for logits in (coarse_logits, negative_logits))
        fine = _vote(negative, self._negative[..., :1])
        raw = _weighed(_vote(coarse, self._coarse[..., :1]), fine, weights)
        raw_label = _decided(raw)
        if not window:
            return raw_label, _coarse_of(raw_label), raw_label, raw[:, _TO_EXPR_ORDER], raw[:, _TO_EXPR_ORDER]
        if kind == "logits":
            smoothed = self._smoothed_logits(coarse, negative, fine, valid, window, weights)
        else:
            smoothed = _mean_of_probabilities(raw, valid, window, of_logarithms=kind == "decoder")
        calibration = self._calibration[list(KINDS).index(kind)]
        if (calibration != 1).any():
            smoothed = _calibrated(smoothed, calibration)
        label = _decided(smoothed)
        if kind == "decoder":
            label = lasting(label, window // SHARE_OF_WINDOW)
        return label, _coarse_of(label), raw_label, smoothed[:, _TO_EXPR_ORDER], raw[:, _TO_EXPR_ORDER]

    def _smoothed_logits(self, coarse, negative, fine, valid, window, weights):
        coarse = _vote(self._smooth(coarse, valid, window), self._coarse[..., 1:])
        among = valid
        if self._negative_scope == "routed":
            # The kind of Negative is not smoothed before it is known which frames are routed: the prior meets the frame's own.
            among = valid & (_coarse_part(_weighed(coarse, fine, weights)).argmax(1) == NEGATIVE_CLASS)
        return _weighed(coarse, _vote(self._smooth(negative, among, window), self._negative[..., 1:]), weights)

    def _smooth(self, logits, among, window):
        return np.stack([network + mean_in_window(network, among, window, self._normalizer) for network in logits])


def lasting(labels: np.ndarray, shortest: int) -> np.ndarray:
    """Labels [T] in which none lasts for less than `shortest` frames, as `decoder.lasting` gives them."""
    index, last = np.arange(len(labels)), len(labels) - 1
    edges = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1], [True]]))
    lengths = np.diff(edges)
    long = np.repeat(lengths >= shortest, lengths)
    # Further away than any frame, where there is no such run.
    nowhere = -len(labels) - shortest - 1
    before = np.maximum.accumulate(np.where(long, index, nowhere))
    after = last - np.maximum.accumulate(np.where(long[::-1], index, nowhere))[::-1]
    place = np.where(index - before <= after - index, before, after)
    return labels[np.where(np.abs(index - place) <= shortest, place, index)]


def _vote(logits, temperatures):
    """A stage's probabilities [T, C]: the mean over its networks, logits [n, T, C], of their softmax."""
    return softmax(logits / temperatures, axis=2).sum(0) / np.float32(len(logits))


def softmax(logits, axis):
    """The softmax of logits along `axis`; not SciPy's, which prediction does without."""
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def _weighed(coarse, fine, weights):
    """The eight probabilities [T, 8] in IN_STAGE_ORDER, times weights [8], each row summing to 1."""
    # Negative is the last coarse class: what stands before it is plain.
    eight = np.concatenate([coarse[:, :NEGATIVE_CLASS], coarse[:, NEGATIVE_CLASS:] * fine], axis=1) * weights
    return eight / eight.sum(1, keepdims=True)


def _coarse_part(eight):
    return np.concatenate([eight[:, :NEGATIVE_CLASS], eight[:, NEGATIVE_CLASS:].sum(1, keepdims=True)], axis=1)


def _decided(eight):
    """The labels [T] in EXPR order: the coarse class, or the likeliest of the negative ones."""
    coarse = _coarse_part(eight).argmax(1)
    fine = np.array(NEGATIVE_TO_EXPR)[eight[:, NEGATIVE_CLASS:].argmax(1)]
    return np.where(coarse == NEGATIVE_CLASS, fine, np.array(COARSE_TO_EXPR)[coarse])


def _coarse_of(label):
    return np.array(EXPR_TO_COARSE)[label]


def _mean_of_probabilities(eight, valid, window, of_logarithms):
    """The mean over the valid frames of each frame's window, or the normalised mean of logarithms; its own where there are none."""
    if of_logarithms:
        means = np.exp(mean_in_window(np.log(np.maximum(eight, np.float32(FLOOR))), valid, window, "count"))
        means = means / means.sum(1, keepdims=True)
    else:
        means = mean_in_window(eight, valid, window, "count")
    counted = mean_in_window(valid.astype(np.float32)[:, None], valid, window, "count")
    return np.where(counted > 0, means, eight)


def _calibrated(eight, temperatures):
    """The eight probabilities with the logarithms of each stage's divided by its temperature, of [2]: no label changes."""
    parts = _coarse_part(eight), eight[:, NEGATIVE_CLASS:]
    coarse, fine = (softmax(np.log(np.maximum(p, np.float32(TINY))) / t, axis=1) for p, t in zip(parts, temperatures, strict=True))
    return _weighed(coarse, fine, np.float32(1))
