# SPDX-License-Identifier: Apache-2.0
"""The coarse-to-fine cascade over one track (section 3.2), smoothed (section 3.3), with the training data's prior taken out if asked."""

import numpy as np
import paddle
import paddle.nn.functional as F

from .cascade_settings import IN_STAGE_ORDER, TINY, Temperature, calibration_table, check_settings, log_shares
from .decoder import lasting, mean_logarithms, mean_probabilities
from .kinds import SHARE_OF_WINDOW, kind_number
from .labels import COARSE_TO_EXPR, EXPR_TO_COARSE, NEGATIVE_CLASS, NEGATIVE_TO_EXPR
from .smoothing_program import own_logits, window_mean


class Cascade(paddle.nn.Layer):
    """The sequence part of CFC-SP: the logits of one track in, its expressions out. One program serves every T, window, kind and prior.

    temperatures_coarse, temperatures_negative: a Temperature for each network of the stage, in the order of its logits. normalizer: as in
    `smoothing.smooth`. negative_scope: the frames whose negative logits are averaged, "routed" (valid frames of the coarse class Negative)
    or "all" (all valid frames). shares: each class's share of the training data, eight numbers in EXPR order; None: unknown, so that no
    prior can be taken out. calibration: two divisors for each kind of smoothing except "logits", one a stage. The logarithms of smoothed
    probabilities are divided by them. A kind that is left out has 1.

    Raises UserError for an unknown normalizer, scope or kind, a stage without a network, a temperature that is not above 0 and
    finite, and shares that are not eight numbers above 0.
    """

    def __init__(self, temperatures_coarse, temperatures_negative, normalizer, negative_scope, shares=None, calibration=None):
        super().__init__()
        table = calibration_table(calibration)
        check_settings(temperatures_coarse, temperatures_negative, normalizer, negative_scope, table)
        # Buffers, since Paddle Inference refuses a program without a single parameter.
        self.register_buffer("temperatures_coarse", paddle.to_tensor(temperatures_coarse, "float32"))
        self.register_buffer("temperatures_negative", paddle.to_tensor(temperatures_negative, "float32"))
        self.register_buffer("calibration", paddle.to_tensor(table))
        self.register_buffer("log_shares", paddle.to_tensor(log_shares(shares)))
        self.normalizer = normalizer
        self.negative_scope = negative_scope
        self._shares, self._calibration = shares, calibration

    @property
    def settings(self) -> tuple:
        """What it was built with: (temperatures_coarse, temperatures_negative, normalizer, negative_scope, shares, calibration)."""
        stages = self.temperatures_coarse, self.temperatures_negative
        temperatures = ([Temperature(*pair) for pair in stage.tolist()] for stage in stages)
        return *temperatures, self.normalizer, self.negative_scope, self._shares, self._calibration

    def forward(self, coarse_logits, negative_logits, valid, window, kind=None, tau=None):
        """(label int64 [T], coarse int64 [T], raw_label int64 [T], probabilities and raw_probabilities float32 [T, 8]) of one track.

        coarse_logits: float32 [M, T, 5], M networks, in COARSE order; negative_logits: float32 [K, T, 4], K networks, in NEGATIVE
        order; valid: bool [T]; window: int64 [1] in frames, 0 or more; kind: int64 [1], a number of KINDS, None: logits; tau: float32
        [1], the power of the prior that is taken out, None: 0. The logits of valid frames must be finite.

        raw_label and raw_probabilities are what window 0 gives. Labels are in EXPR order, coarse in COARSE order; of equals the first
        class wins. probabilities are in EXPR order, P(coarse) for the plain classes and P(Negative) x P(fine | Negative) for the
        others, each divided by its class's share ** tau; each row sums to 1.

        Kind "logits": P(fine | Negative) comes from the frame's own negative logits plus their mean over the scope inside the window,
        whether the frame is routed or not; the label of one that is not does not depend on it. With scope "routed" and tau 0, a frame
        that is Negative neither before nor after smoothing may have zeros for negative logits: no label changes. The own logits of a
        frame that is not valid count as zero, and it is never averaged: its row speaks for its window. The other kinds average the
        eight probabilities over the valid frames: each speaks for the kind of Negative as far as it is Negative itself.
        """
        kind = paddle.zeros([1], "int64") if kind is None else kind
        tau = paddle.zeros([1], "float32") if tau is None else tau
        weights = (-tau * self.log_shares).exp()
        own_coarse = own_logits(coarse_logits.transpose([1, 0, 2]).flatten(1), valid)  # [T, M * 5]
        own_negative = own_logits(negative_logits.transpose([1, 0, 2]).flatten(1), valid)  # [T, K * 4]
        coarse_temperatures = _temperatures(self.temperatures_coarse, window)
        negative_temperatures = _temperatures(self.temperatures_negative, window)
        own_fine = mean_softmax(own_negative, negative_temperatures[0])
        raw = weighed(mean_softmax(own_coarse, coarse_temperatures[0]), own_fine, weights)
        raw_label, _ = decide(*parted(raw))

        coarse = mean_softmax(own_coarse + window_mean(own_coarse, valid, window, self.normalizer), coarse_temperatures[1])
        scope = valid
        if self.negative_scope == "routed":
            # The kind of Negative is not smoothed before it is known which frames are routed: the prior meets the frame's own.
            routed = parted(weighed(coarse, own_fine, weights))[0].argmax(1) == NEGATIVE_CLASS
            scope = paddle.logical_and(valid, routed)
        negative = own_negative + window_mean(own_negative, scope, window, self.normalizer)
        smoothed = weighed(coarse, mean_softmax(negative, negative_temperatures[1]), weights)
        for name, mean in (("probabilities", mean_probabilities), ("decoder", mean_logarithms)):
            smoothed = paddle.where(kind == kind_number(name), mean(raw, valid, window), smoothed)
        calibration = paddle.gather(self.calibration, kind).squeeze(0)
        calibrates = paddle.logical_and(window > 0, (calibration != 1).any())
        smoothed = paddle.where(calibrates, _calibrated(smoothed, calibration), smoothed)

        label, _ = decide(*parted(smoothed))
        shortest = paddle.where(kind == kind_number("decoder"), window // SHARE_OF_WINDOW, paddle.zeros([1], "int64"))
        label = lasting(label, shortest)
        coarse_label = paddle.gather(paddle.assign(np.array(EXPR_TO_COARSE)), label)
        return label, coarse_label, raw_label, _in_expr_order(smoothed), _in_expr_order(raw)


def weighed(coarse_probabilities, negative_probabilities, weights):
    """The eight probabilities [T, 8], the plain classes in COARSE order before those in NEGATIVE order, times weights [8], summing to 1."""
    # Negative is the last coarse class: what stands before it is plain.
    plain, negative = coarse_probabilities[:, :NEGATIVE_CLASS], coarse_probabilities[:, NEGATIVE_CLASS:]
    eight = paddle.concat([plain, negative * negative_probabilities], axis=1) * weights
    return eight / eight.sum(1, keepdim=True)


def parted(eight):
    """What `weighed` put together: the coarse probabilities [T, 5], and P(fine and Negative) [T, 4]."""
    plain, negative = eight[:, :NEGATIVE_CLASS], eight[:, NEGATIVE_CLASS:]
    return paddle.concat([plain, negative.sum(1, keepdim=True)], axis=1), negative


def _calibrated(eight, temperatures):
    """The eight probabilities with the logarithms of each stage's divided by its temperature, of [2]: no label changes."""
    coarse, negative = (paddle.maximum(part, paddle.full([1], TINY)).log() for part in parted(eight))
    return weighed(F.softmax(coarse / temperatures[0]), F.softmax(negative / temperatures[1]), paddle.ones([1]))


def _in_expr_order(eight):
    return paddle.index_select(eight, paddle.assign(np.argsort(IN_STAGE_ORDER)), axis=1)


def mean_softmax(logits, temperatures):
    """Probabilities [T, C]: the mean over n networks of the softmax of their logits, which stand side by side in [T, n * C].

    temperatures: float32 [n, 1]. Section 3.2, whose sum has the same argmax.
    """
    count = temperatures.shape[0]
    networks = logits.reshape([-1, count, logits.shape[1] // count])
    return F.softmax(networks / temperatures).sum(1) / count


def _temperatures(temperatures, window):
    """(own, smoothed) of temperatures [n, 2], [n, 1] each; with window 0 nothing is smoothed, and both are a frame's own."""
    own, smoothed = temperatures[:, :1], temperatures[:, 1:]
    return own, paddle.where(window > 0, smoothed, own)


def decide(coarse_probabilities, negative_probabilities):
    """(label, coarse), int64 [T] each: the coarse class [T, 5], and where that is Negative the fine one [T, 4]. Section 3.2."""
    coarse = coarse_probabilities.argmax(1)
    plain = paddle.gather(paddle.assign(np.array(COARSE_TO_EXPR)), coarse)
    fine = paddle.gather(paddle.assign(np.array(NEGATIVE_TO_EXPR)), negative_probabilities.argmax(1))
    return paddle.where(coarse == NEGATIVE_CLASS, fine, plain), coarse
