# SPDX-License-Identifier: Apache-2.0
"""Labels of a stream that last: a new one is shown once it has been the likeliest for a while."""

from dataclasses import dataclass, replace

import numpy as np

from ..core.cascade_arrays import label_of
from ..core.labels import COARSE, EXPR, EXPR_TO_COARSE
from ..core.records import Face, FrameResult

# Tracks end when a face is gone for two seconds; what was shown of them is forgotten after as long.
_FORGET_S = 2.0


@dataclass(slots=True)
class _Shown:
    label: int
    candidate: int
    since_s: float
    seen_s: float


class SteadyLabels:
    """Keeps each track's label until another one has been the likeliest for `shortest_s` seconds, so that no label is shown for less.

    What comes after a frame is not known on a stream: the decoder's labels that last (`core.decoder.lasting`) need that.
    """

    def __init__(self, shortest_s: float):
        self._shortest_s = shortest_s
        self._shown: dict[int, _Shown] = {}

    def steadied(self, result: FrameResult) -> FrameResult:
        """The next frame's result with the labels to show, each with its own confidence; probabilities stay."""
        faces = tuple(self._steadied(face, result.time_s) for face in result.faces)
        self._shown = {track: shown for track, shown in self._shown.items() if result.time_s - shown.seen_s <= _FORGET_S}
        return replace(result, faces=faces)

    def _steadied(self, face: Face, time_s: float) -> Face:
        likeliest = label_of(np.array(face.probabilities))
        shown = self._shown.setdefault(face.track, _Shown(likeliest, likeliest, time_s, time_s))
        if likeliest != shown.candidate:
            shown.candidate, shown.since_s = likeliest, time_s
        if time_s - shown.since_s >= self._shortest_s:
            shown.label = shown.candidate
        shown.seen_s = time_s
        label, coarse = EXPR[shown.label], COARSE[EXPR_TO_COARSE[shown.label]]
        return replace(face, label=label, coarse=coarse, confidence=face.probabilities[shown.label])
