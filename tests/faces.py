# SPDX-License-Identifier: Apache-2.0
"""Faces and results that nobody has looked for: what each shows is said."""

from collections.abc import Sequence

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.records import Face, FrameResult


def face_of(label: str = "Neutral", track: int = 1, box: Sequence[float] = (10, 10, 30, 40), share: float = 0.65) -> Face:
    """A face that shows `label` with a probability of `share`, and each of the other seven with an equal part of the rest."""
    number = EXPR.index(label)
    probabilities = tuple(share if i == number else (1 - share) / 7 for i in range(8))
    coarse = COARSE[EXPR_TO_COARSE[number]]
    return Face(track, tuple(map(float, box)), 0.99, label, share, coarse, label, probabilities)


def labelled(labels: Sequence[str | None], fps: float = 10.0, track: int = 1) -> list[FrameResult]:
    """A frame for each of the labels, in which one face shows it; none for None."""
    return [FrameResult(i, i / fps, () if label is None else (face_of(label, track),)) for i, label in enumerate(labels)]
