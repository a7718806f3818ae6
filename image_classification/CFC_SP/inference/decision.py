# SPDX-License-Identifier: Apache-2.0
"""Logits -> expressions: smooth predicting and the cascade, chunk by chunk, in memory that the window bounds."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from ..core.labels import COARSE, EXPR, NEGATIVE
from ..core.records import Face, FrameResult
from ..support.stopwatch import Stopwatch
from .mode import Mode
from .observation import Observation

# Frames that are decided in one run of the sequence program, beside its context of a window on either side.
CHUNK = 512


class Decider:
    """Decides what the faces of observed frames show, with the program `sequence` of a predictor, smoothed and weighed as `mode` says."""

    def __init__(self, predictor, stopwatch: Stopwatch, mode: Mode):
        self._predictor, self._stopwatch, self._mode = predictor, stopwatch, mode

    def decided(self, observed: Iterable[Observation], window: int) -> Iterator[FrameResult]:
        """One result for every frame, in order; `window` is smoothing's, in frames of this clip, 0 switches it off.

        A frame's label looks at the negative logits of frames up to half a window away that are routed by their own smoothed
        coarse class, which looks half a window further: a window of context on either side makes chunks exact. The other kinds of
        smoothing look no further.
        """
        held: deque[Observation] = deque()
        done = 0  # frames at the front of `held` that are decided and stay as context
        for item in observed:
            held.append(item)
            if len(held) - done >= CHUNK + window:
                yield from self.decide(held, done, done + CHUNK, window)
                done += CHUNK
                for _ in range(done - window):
                    held.popleft()
                done = min(done, window)
        yield from self.decide(held, done, len(held), window)

    def decide(self, held: Sequence[Observation], begin: int, end: int, window: int) -> Iterator[FrameResult]:
        """The results of the frames `begin` to `end` of those held; the others are their context."""
        with self._stopwatch.stage("sequence"):
            places = defaultdict(list)
            for position, item in enumerate(held):
                for row, track in enumerate(item.faces.tracks):
                    places[int(track)].append((position, row))
            faces = defaultdict(list)
            for track in sorted(places):
                if any(begin <= position < end for position, _ in places[track]):
                    for position, face in self._decide_track(held, track, places[track], window):
                        faces[position].append(face)
        for position, item in enumerate(islice(held, begin, end), begin):
            yield FrameResult(item.index, item.time_s, tuple(faces[position]))

    def _decide_track(self, held, track: int, places: list[tuple[int, int]], window: int) -> Iterator[tuple[int, Face]]:
        first, length = places[0][0], places[-1][0] - places[0][0] + 1
        coarse = np.zeros((len(held[first].coarse), length, len(COARSE)), np.float32)
        negative = np.zeros((len(held[first].negative), length, len(NEGATIVE)), np.float32)
        valid = np.zeros(length, bool)
        for position, row in places:
            item = held[position]
            coarse[:, position - first], negative[:, position - first] = item.coarse[:, row], item.negative[:, row]
            valid[position - first] = True
        decided = self._predictor.begin("sequence", coarse, negative, valid, np.array([window]), *self._mode.inputs).result()
        labels, coarse_labels, raw_labels, probabilities, raw_probabilities = decided
        for position, row in places:
            i, item = position - first, held[position]
            yield (
                position,
                Face(
                    track=track,
                    box=tuple(item.faces.boxes[row].tolist()),
                    score=float(item.faces.scores[row]),
                    label=EXPR[labels[i]],
                    confidence=float(probabilities[i, labels[i]]),
                    coarse=COARSE[coarse_labels[i]],
                    raw_label=EXPR[raw_labels[i]],
                    probabilities=tuple(probabilities[i].tolist()),
                    raw_probabilities=tuple(raw_probabilities[i].tolist()),
                ),
            )
