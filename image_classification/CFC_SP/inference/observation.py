# SPDX-License-Identifier: Apache-2.0
"""Frames with faces -> tracks, crops and logits: what recognition keeps of a frame once it was looked at."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..core.records import Faces
from ..support.stopwatch import Stopwatch
from ..video.follower import Seen
from ..video.tracker import FaceTracker
from .batcher import Batcher, PendingLogits
from .loaded_model import LoadedModel

# Faces whose logits are not asked for yet, in batches: the networks work on them while later frames are looked at.
MOST_BEGUN = 3
# Frames that wait for the logits of their faces.
MOST_WAITING = 512


@dataclass(frozen=True, slots=True)
class Observation:
    """A frame without its picture: where its N faces are, who they are, and their logits, coarse [M, N, 5] and negative [K, N, 4].

    The logits are None in a frame without a face.
    """

    index: int
    time_s: float
    faces: Faces
    coarse: np.ndarray | None = None
    negative: np.ndarray | None = None


class FaceObserver:
    """Tracks the faces of one clip or stream and has the networks look at them, in batches of `batch` crops."""

    def __init__(self, model: LoadedModel, batch: int, stopwatch: Stopwatch):
        self._predictor, self._geometry, self._stopwatch = model.predictor, model.geometry, stopwatch
        self._batch = batch
        self._batcher = Batcher(self._begin_run, batch)
        self._tracker = FaceTracker()
        self._begun: dict[int, list[PendingLogits]] = {}

    def begin(self, seen: Seen) -> None:
        """Sends the faces of a frame to the networks as soon as they are found: more may join them before the frame is observed."""
        with self._stopwatch.stage("align"):
            self._begun[seen.frame.index] = self._send(seen.frame.image, seen.faces)

    def observe(self, seen: Seen) -> tuple[Observation, list[PendingLogits]]:
        """The frame with its faces ordered by track, and where the logits of each will be."""
        frame, faces = seen.frame, seen.faces
        with self._stopwatch.stage("align"):
            pending = self._begun.pop(frame.index, [])
            # Faces that joined a frame stand behind those that were sent.
            pending = pending + self._send(frame.image, faces[len(pending) :])
        with self._stopwatch.stage("track"):
            faces = self._tracker.update(frame.time_s, faces, seen.change)
            order = np.argsort(faces.tracks)
            faces = faces[order]
        height, width = frame.image.shape[:2]
        faces = replace(faces, boxes=np.clip(faces.boxes, 0, np.array([width, height, width, height], np.float32)))
        return Observation(frame.index, frame.time_s, faces), [pending[row] for row in order]

    def scored(self, observed: Iterable[tuple[Observation, list[PendingLogits]]]) -> Iterator[Observation]:
        """Gives every face its logits, as late as need be: crops of all frames and faces share batches."""
        waiting, faces = deque(), 0
        for item in observed:
            waiting.append(item)
            faces += len(item[1])
            while faces > MOST_BEGUN * self._batch or len(waiting) > MOST_WAITING:
                faces -= len(waiting[0][1])
                yield self.with_logits(*waiting.popleft())
        for item in waiting:
            yield self.with_logits(*item)

    def with_logits(self, observation: Observation, pending: list[PendingLogits]) -> Observation:
        """The observation with the logits of its faces; waits for them."""
        if not pending:
            return observation
        with self._stopwatch.stage("wait"):
            logits = [face.get() for face in pending]
        coarse, negative = (np.stack(parts, axis=1) for parts in zip(*logits, strict=True))
        return replace(observation, coarse=coarse, negative=negative)

    def _send(self, image: np.ndarray, faces: Faces) -> list[PendingLogits]:
        return [self._batcher.add(crop) for crop in self._geometry.crop(image, faces)]

    def _begin_run(self, batch: np.ndarray) -> "_TimedRun":
        with self._stopwatch.stage("wait"):
            return _TimedRun(self._predictor.begin("frame", batch), self._stopwatch)


class _TimedRun:
    """A run whose own seconds, beside those of all other stages, count to the stage `classify`."""

    def __init__(self, run, stopwatch: Stopwatch):
        self._run, self._stopwatch = run, stopwatch

    def result(self) -> tuple[np.ndarray, ...]:
        outputs = self._run.result()
        self._stopwatch.add("classify", self._run.seconds)
        return outputs
