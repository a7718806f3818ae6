"""The coarse-to-fine cascade over one track (section 3.2) with smooth predicting in both stages (section 3.3)."""

import numpy as np
import paddle
import paddle.nn.functional as F

from ..errors import UserError
from .labels import COARSE, COARSE_TO_EXPR, NEGATIVE_CLASS, NEGATIVE_TO_EXPR
from .smoothing import check_normalizer, own_logits, window_mean

NEGATIVE_SCOPES = ("routed", "all")


class Cascade(paddle.nn.Layer):
    """The sequence part of CFC-SP: the logits of one track in, its expressions out. One program serves every T and window.

    temperatures_coarse: one for each coarse network, in the order of the logits; temperature_negative: the negative network's.
    Softmax takes the smoothed logits divided by them; 1 is the paper. normalizer: as in `smoothing.smooth`. negative_scope: the
    frames whose negative logits are averaged, "routed" (valid ones whose coarse class is Negative) or "all" (every valid one).
    Raises UserError for an unknown normalizer or scope, no coarse network, or a temperature that is not above 0 and finite.
    """

    def __init__(self, temperatures_coarse, temperature_negative, normalizer, negative_scope):
        super().__init__()
        check_normalizer(normalizer)
        if negative_scope not in NEGATIVE_SCOPES:
            scopes = ", ".join(NEGATIVE_SCOPES)
            raise UserError(f"expected a negative scope out of {scopes}, found {negative_scope!r}: choose one of them")
        temperatures = [*temperatures_coarse, temperature_negative]
        if len(temperatures) < 2 or not all(0 < t < float("inf") for t in temperatures):
            raise UserError(
                "expected a temperature above 0 for each coarse network and for the negative network, found "
                f"{temperatures[:-1]} and {temperature_negative!r}: give them all, 1 leaves the logits as they are"
            )
        # Buffers, since Paddle Inference refuses a program without a single parameter.
        self.register_buffer("temperatures_coarse", paddle.to_tensor(temperatures[:-1], "float32").unsqueeze(1))
        self.register_buffer("temperature_negative", paddle.to_tensor([temperature_negative], "float32"))
        self.normalizer = normalizer
        self.negative_scope = negative_scope

    @property
    def settings(self) -> tuple:
        """What it was built with: (temperatures_coarse, temperature_negative, normalizer, negative_scope)."""
        return self.temperatures_coarse.flatten().tolist(), self.temperature_negative.item(), self.normalizer, self.negative_scope

    def forward(self, coarse_logits, negative_logits, valid, window):
        """(label int64 [T], coarse int64 [T], raw_label int64 [T], probabilities float32 [T, 8]) of one track.

        coarse_logits: float32 [M, T, 5], M networks, in COARSE order; negative_logits: float32 [T, 4] in NEGATIVE order;
        valid: bool [T]; window: int64 [1] in frames, 0 or more. The logits of valid frames must be finite.

        label and raw_label, the label that window 0 gives, are in EXPR order, coarse in COARSE order; of equals the first class
        wins. probabilities are in EXPR order, P(coarse) for the plain classes and P(Negative) x P(fine | Negative) for the
        others; each row sums to 1.

        P(fine | Negative) comes from the frame's own negative logits plus their mean over the scope inside the window, whether
        the frame is routed or not; the label of one that is not does not depend on it. With scope "routed", a frame that is
        Negative neither before nor after smoothing may have zeros for negative logits: no label changes. The own logits of a
        frame that is not valid count as zero, and it is never averaged: its row speaks for its window.
        """
        own_coarse = own_logits(coarse_logits.transpose([1, 0, 2]).flatten(1), valid)  # [T, M * 5]
        own_negative = own_logits(negative_logits, valid)
        raw_label, _ = decide(self._coarse(own_coarse), self._negative(own_negative))

        coarse_probabilities = self._coarse(own_coarse + window_mean(own_coarse, valid, window, self.normalizer))
        scope = valid
        if self.negative_scope == "routed":
            scope = paddle.logical_and(valid, coarse_probabilities.argmax(1) == NEGATIVE_CLASS)
        negative_probabilities = self._negative(own_negative + window_mean(own_negative, scope, window, self.normalizer))
        label, coarse = decide(coarse_probabilities, negative_probabilities)
        return label, coarse, raw_label, joint_probabilities(coarse_probabilities, negative_probabilities)

    def _coarse(self, logits):
        """Probabilities [T, 5]: the mean over the networks whose logits stand side by side in [T, M * 5]."""
        count = self.temperatures_coarse.shape[0]
        networks = logits.reshape([-1, count, len(COARSE)])  # [T, M, 5]
        return F.softmax(networks / self.temperatures_coarse).sum(1) / count

    def _negative(self, logits):
        return F.softmax(logits / self.temperature_negative)


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
