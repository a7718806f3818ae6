"""The coarse-to-fine cascade over one track (section 3.2) with smooth predicting in both stages (section 3.3)."""

from typing import NamedTuple

import numpy as np
import paddle
import paddle.nn.functional as F

from ..support.errors import UserError
from .labels import COARSE_TO_EXPR, NEGATIVE_CLASS, NEGATIVE_TO_EXPR
from .smoothing import check_normalizer, own_logits, window_mean

NEGATIVE_SCOPES = ("routed", "all")


class Temperature(NamedTuple):
    """What a network's logits are divided by before softmax: a frame's own, and those that SP made of them. 1 and 1 are the paper."""

    own: float = 1.0
    smoothed: float = 1.0


class Cascade(paddle.nn.Layer):
    """The sequence part of CFC-SP: the logits of one track in, its expressions out. One program serves every T and window.

    temperatures_coarse, temperatures_negative: a Temperature for each network of the stage, in the order of its logits.
    normalizer: as in `smoothing.smooth`. negative_scope: the frames whose negative logits are averaged, "routed" (valid ones whose
    coarse class is Negative) or "all" (every valid one).
    Raises UserError for an unknown normalizer or scope, a stage without a network, or a temperature that is not above 0 and finite.
    """

    def __init__(self, temperatures_coarse, temperatures_negative, normalizer, negative_scope):
        super().__init__()
        check_normalizer(normalizer)
        if negative_scope not in NEGATIVE_SCOPES:
            scopes = ", ".join(NEGATIVE_SCOPES)
            raise UserError(f"expected a negative scope out of {scopes}, found {negative_scope!r}: choose one of them")
        temperatures = temperatures_coarse, temperatures_negative
        if not all(temperatures) or not all(0 < t < float("inf") for stage in temperatures for network in stage for t in network):
            raise UserError(
                "expected a temperature above 0 for each coarse network and for each negative one, found "
                f"{temperatures_coarse} and {temperatures_negative}: give them all, 1 leaves the logits as they are"
            )
        # Buffers, since Paddle Inference refuses a program without a single parameter.
        self.register_buffer("temperatures_coarse", paddle.to_tensor(temperatures_coarse, "float32"))
        self.register_buffer("temperatures_negative", paddle.to_tensor(temperatures_negative, "float32"))
        self.normalizer = normalizer
        self.negative_scope = negative_scope

    @property
    def settings(self) -> tuple:
        """What it was built with: (temperatures_coarse, temperatures_negative, normalizer, negative_scope)."""
        stages = self.temperatures_coarse, self.temperatures_negative
        return *([Temperature(*pair) for pair in stage.tolist()] for stage in stages), self.normalizer, self.negative_scope

    def forward(self, coarse_logits, negative_logits, valid, window):
        """(label int64 [T], coarse int64 [T], raw_label int64 [T], probabilities and raw_probabilities float32 [T, 8]) of one track.

        coarse_logits: float32 [M, T, 5], M networks, in COARSE order; negative_logits: float32 [K, T, 4], K networks, in NEGATIVE
        order; valid: bool [T]; window: int64 [1] in frames, 0 or more. The logits of valid frames must be finite.

        raw_label and raw_probabilities are what window 0 gives. Labels are in EXPR order, coarse in COARSE order; of equals the first
        class wins. probabilities are in EXPR order, P(coarse) for the plain classes and P(Negative) x P(fine | Negative) for the
        others; each row sums to 1.

        P(fine | Negative) comes from the frame's own negative logits plus their mean over the scope inside the window, whether
        the frame is routed or not; the label of one that is not does not depend on it. With scope "routed", a frame that is
        Negative neither before nor after smoothing may have zeros for negative logits: no label changes. The own logits of a
        frame that is not valid count as zero, and it is never averaged: its row speaks for its window.
        """
        own_coarse = own_logits(coarse_logits.transpose([1, 0, 2]).flatten(1), valid)  # [T, M * 5]
        own_negative = own_logits(negative_logits.transpose([1, 0, 2]).flatten(1), valid)  # [T, K * 4]
        coarse_temperatures = _temperatures(self.temperatures_coarse, window)
        negative_temperatures = _temperatures(self.temperatures_negative, window)
        raw = mean_softmax(own_coarse, coarse_temperatures[0]), mean_softmax(own_negative, negative_temperatures[0])
        raw_label, _ = decide(*raw)

        coarse = own_coarse + window_mean(own_coarse, valid, window, self.normalizer)
        coarse_probabilities = mean_softmax(coarse, coarse_temperatures[1])
        scope = valid
        if self.negative_scope == "routed":
            scope = paddle.logical_and(valid, coarse_probabilities.argmax(1) == NEGATIVE_CLASS)
        negative = own_negative + window_mean(own_negative, scope, window, self.normalizer)
        negative_probabilities = mean_softmax(negative, negative_temperatures[1])
        label, coarse_label = decide(coarse_probabilities, negative_probabilities)
        probabilities = joint_probabilities(coarse_probabilities, negative_probabilities)
        return label, coarse_label, raw_label, probabilities, joint_probabilities(*raw)


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


def joint_probabilities(coarse_probabilities, negative_probabilities):
    """Probabilities [T, 8] in EXPR order: P(coarse) for the plain classes, P(Negative) x P(fine | Negative) for the others."""
    # Negative is the last coarse class: what stands before it is plain.
    plain, negative = coarse_probabilities[:, :NEGATIVE_CLASS], coarse_probabilities[:, NEGATIVE_CLASS:]
    order = np.argsort(COARSE_TO_EXPR[:NEGATIVE_CLASS] + NEGATIVE_TO_EXPR)
    return paddle.index_select(paddle.concat([plain, negative * negative_probabilities], axis=1), paddle.assign(order), axis=1)
