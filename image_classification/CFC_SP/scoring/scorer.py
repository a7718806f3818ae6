# SPDX-License-Identifier: Apache-2.0
"""Any stage and any cascade of a data set, scored from the logits of its networks (sections 3.2, 3.3 and 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import softmax

from ..core.cascade_arrays import decide_rows, routed, stage_rows, stage_weights, vote_of, weigh_rows
from ..core.cascade_settings import log_shares
from ..core.labels import EXPR, EXPR_TO_STAGE, IGNORED, STAGES
from ..core.metrics import Scores, score
from ..core.smoothing import smooth
from ..support.errors import UserError
from .frames import Frames, nearest

# Networks whose logits and probabilities are kept at a time: those of one window of a table.
_KEPT = 8


@dataclass(frozen=True)
class Predictions:
    """What a system says of every frame: labels int64 [N] in its stage's order ("flat" for a cascade), confidences float32 [N], each
    the probability of its label."""

    stage: str
    labels: np.ndarray
    confidences: np.ndarray


class Scorer:
    """Predictions and scores on `frames` of systems of networks, named as in `logits`: name -> float32 [P, C], NaN for a picture that
    is damaged. A network of all eight classes may stand in any stage.

    SP stays within a video; a frame without a crop is not valid to it, and takes label and confidence of the nearest frame that is
    valid; in a video without any such frame both are those of even odds: the first class. normalizer, negative_scope: as in
    `core.cascade.Cascade`, whose labels and probabilities these are, with all temperatures 1. shares, tau: the training data's class
    shares in EXPR order, and the power of them by which probabilities are divided; 0: none. Raises UserError where a window is asked
    of still pictures.
    """

    def __init__(
        self,
        frames: Frames,
        logits: Mapping[str, np.ndarray],
        normalizer: str = "count",
        negative_scope: str = "routed",
        shares: Sequence[float] | None = None,
        tau: float = 0.0,
    ):
        self.frames, self.normalizer, self.negative_scope = frames, normalizer, negative_scope
        self._logits, self._log_shares, self._tau = logits, log_shares(shares), tau
        self.valid = frames.picture >= 0
        for table in logits.values():
            self.valid[self.valid] &= np.isfinite(table[frames.picture[self.valid]]).all(1)
        self._nearest = nearest(self.valid, frames.bounds)
        self._own, self._plain = lru_cache(_KEPT)(self._spread), lru_cache(_KEPT)(self._probabilities)

    def predict(self, stage: str, names: Sequence[str], window: int) -> Predictions:
        """Of one stage alone: the mean of the networks' probabilities."""
        probabilities = vote_of([self._plain(stage, name, window) for name in names])
        if self._tau:
            probabilities *= stage_weights(self._log_shares, self._tau, stage)
            probabilities /= probabilities.sum(0)
        return self._filled(stage, probabilities.argmax(0), probabilities.max(0))

    def predict_cascade(self, coarse: Sequence[str], negative: Sequence[str], window: int) -> Predictions:
        """Of the cascade (section 3.2): frames that the coarse ensemble calls Negative get the class of the negative ensemble."""
        decided = vote_of([self._plain("coarse", name, window) for name in coarse])
        if not self._tau:
            sent = routed(decided)
            return self._filled("flat", *decide_rows(decided, self._fine(negative, window, sent, sent)))
        weights = np.exp(-self._tau * self._log_shares)[:, None]
        # As the cascade does: before it is known which frames are routed, the prior meets the frame's own kind of Negative.
        sent = routed(weigh_rows(decided, vote_of([self._plain("negative", name, 0) for name in negative]), weights)[0])
        decided, fine = weigh_rows(decided, self._fine(negative, window, sent, slice(None)), weights)
        return self._filled("flat", *decide_rows(decided, fine[:, routed(decided)]))

    def _fine(self, negative: Sequence[str], window: int, sent: np.ndarray, asked: np.ndarray | slice) -> np.ndarray:
        """The negative ensemble's probabilities of the frames `asked`, float32 [4, R]; sent: the frames that are routed to it."""
        if window and self.negative_scope == "routed":
            return vote_of([softmax(self.smoothed("negative", name, window, self.valid & sent)[:, asked], axis=0) for name in negative])
        return vote_of([self._plain("negative", name, window)[:, asked] for name in negative])

    def score(self, predictions: Predictions) -> Scores:
        """Scores on the annotated frames whose true class the stage knows: of "negative" those that are truly negative.

        Raises UserError where there is none, such as a test split whose labels are not public.
        """
        truth = self.truth(predictions.stage)
        asked = truth != IGNORED
        if not asked.any():
            raise UserError(f"expected frames with a {predictions.stage} class, found none: this split can be predicted, not scored")
        labels, confidences = predictions.labels[asked], predictions.confidences[asked]
        return score(truth[asked], labels, len(STAGES[predictions.stage]), confidences)

    def knows(self, stage: str) -> bool:
        """Whether any frame is annotated with one of the stage's classes, so that `score` has something to count."""
        return bool((self.truth(stage) != IGNORED).any())

    def truth(self, stage: str) -> np.ndarray:
        """The true class of every frame as `stage` counts them, int64 [N]; -1 where it is not annotated or not one of the stage's."""
        return np.append(EXPR_TO_STAGE[stage], IGNORED)[self.frames.classes]

    def smoothed(self, stage: str, name: str, window: int, among: np.ndarray | None = None) -> np.ndarray:
        """A network's logits with their mean over the frames `among`, float32 [C, N]; None: over all that are valid. Window 0: its own."""
        own = self._own(stage, name)
        if not window:
            return own
        if not self.frames.videos:
            raise UserError(f"expected window 0 for still pictures, found {window}: smoothing needs the frames of a video")
        among = self.valid if among is None else among
        smoothed = np.empty_like(own)
        for start, end in zip(self.frames.bounds[:-1], self.frames.bounds[1:], strict=True):
            part = slice(start, end)
            smoothed[:, part] = smooth(own[:, part].T, self.valid[part], window, self.normalizer, among[part]).T
        return smoothed

    def _probabilities(self, stage: str, name: str, window: int) -> np.ndarray:
        """Softmax of a network's smoothed logits, float32 [C, N]: one row a class, along which NumPy is several times faster."""
        return softmax(self.smoothed(stage, name, window), axis=0)

    def _spread(self, stage: str, name: str) -> np.ndarray:
        """A network's logits in the stage's classes frame by frame, float32 [C, N]; zero where a frame is not valid."""
        table = self._logits[name]
        logits = np.zeros((table.shape[1], len(self.frames)), np.float32)
        logits[:, self.valid] = table[self.frames.picture[self.valid]].T
        return stage_rows(logits, stage) if len(logits) == len(EXPR) else logits

    def _filled(self, stage: str, labels: np.ndarray, confidences: np.ndarray) -> Predictions:
        known = self._nearest >= 0
        places = self._nearest[known]
        filled = np.zeros_like(labels), np.full_like(confidences, 1 / len(STAGES[stage]))
        filled[0][known], filled[1][known] = labels[places], confidences[places]
        return Predictions(stage, *filled)
