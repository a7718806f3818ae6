# SPDX-License-Identifier: Apache-2.0
"""The faces of every frame from detection on few: in between they are followed, forwards and backwards.

A full detection costs some fifty times as much as O-Net on one known box. Faces that a key frame shows for the first time are
followed back to where they came in, so that looking seldom makes none of them late.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..core.records import Faces, Frame
from .cuts import Change, CutDetector
from .detector import FaceDetector, damped, intersection_over_union, overlapping

KEY_EVERY_S = 2.0
# Large faces that come and go between two key frames are looked for so often that, with a look's delay, none is there for half a second
# unseen.
LARGE_EVERY_S = 0.4
# Every second frame at 30 frames/s: faces move evenly in so short a time.
LOOK_EVERY_S = 1 / 15
# A face that O-Net and detection miss often is back a moment later, as heads that turn are.
AFTER_LOSS_S = 0.25
# Time stamps are rounded, to milliseconds in some containers.
TICK_S = 0.002
# A box that overlaps its next one by less than this moves too fast to be guessed between them.
NEAR = 0.6
# What the frames between two key frames may take in memory; longer stretches get a key frame early.
HELD_BYTES = 128 << 20


@dataclass(slots=True)
class Seen:
    """A frame with its faces, None until they are known, what it changes, and whether it was searched as a whole."""

    frame: Frame
    faces: Faces | None
    change: Change
    searched: bool

    @property
    def cut(self) -> bool:
        """Whether it begins a new shot."""
        return self.change.cut


def search_each(detector: FaceDetector, frames: Iterable[Frame], found: Callable[[Seen], None] = lambda seen: None) -> Iterator[Seen]:
    """Every one of `frames` searched by itself, as if nothing came before it or after it: unrelated pictures. found: as for
    FaceFollower."""
    for frame in frames:
        # With nothing before it, all has changed.
        change = Change(True, None, frame.image, frame.image.shape[1::-1])
        seen = Seen(frame, detector.detect(frame.image), change, True)
        found(seen)
        yield seen


class FaceFollower:
    """Full detection every `every_s` seconds of media time, at cuts and where a face gets lost; 0 detects in every frame.

    In between, large faces that are not followed yet are looked for every `large_every_s` seconds.
    Between two looks at the faces that lie up to `look_every_s` apart they move in a straight line. found: called with every frame as soon
    as it has faces; more may join them before it is given.
    """

    def __init__(
        self,
        detector: FaceDetector,
        every_s: float = KEY_EVERY_S,
        look_every_s: float = LOOK_EVERY_S,
        found: Callable[[Seen], None] = lambda seen: None,
        large_every_s: float = LARGE_EVERY_S,
    ):
        self._detector, self._every_s, self._look_every_s, self._found = detector, every_s, look_every_s, found
        self._large_every_s = large_every_s

    def follow(self, frames: Iterable[Frame]) -> Iterator[Seen]:
        """Every frame, in order, as late as its next key frame. Frames must come in order."""
        cuts = CutDetector()
        held: list[Seen] = []
        waiting: list[Seen] = []
        windows, look_s, key_s, large_s = None, 0.0, 0.0, 0.0
        for frame in frames:
            seen = Seen(frame, None, cuts.look(frame.image), False)
            due = seen.cut or not held or frame.time_s >= key_s or (len(held) + len(waiting)) * frame.image.nbytes >= HELD_BYTES
            if not due and frame.time_s - look_s < self._look_every_s - TICK_S:
                waiting.append(seen)
                continue
            followed = None if due else self._detector.follow_all(frame.image, windows)
            seen.searched = followed is None
            seen.faces = self._detector.detect(frame.image) if seen.searched else followed
            others = 0
            if not seen.searched and frame.time_s >= large_s:
                more = self._detector.detect_others(frame.image, followed.boxes)
                others, seen.faces = len(more), followed.joined(more)
            if seen.searched or frame.time_s >= large_s:
                large_s = frame.time_s + self._large_every_s - TICK_S
            self._found(seen)
            windows = seen.faces.boxes if seen.searched else damped(windows, seen.faces.boxes)
            if seen.searched:
                lost = held and not seen.cut and len(seen.faces) < len(held[-1].faces)
                key_s = frame.time_s + (min(self._every_s, AFTER_LOSS_S) if lost else self._every_s)
            if seen.cut:
                self._close_shot(held, waiting)
            else:
                held += self._between(held, waiting, seen)
            if seen.searched or others:
                if not seen.cut:
                    self._follow_back(held, seen.faces)
                yield from held
                held.clear()
            held.append(seen)
            waiting, look_s = [], frame.time_s
        self._close_shot(held, waiting)
        yield from held

    def _close_shot(self, held: list[Seen], waiting: list[Seen]) -> None:
        """Moves the waiting frames to the held ones; a detection in the last shows who came in since the last key frame."""
        held += self._between(held, waiting, None)
        if len(held) > 1:
            *earlier, last = held
            if last.searched:
                self._follow_back(earlier, last.faces)
            else:
                self._follow_back(held, self._detector.detect(last.frame.image))

    def _between(self, held: list[Seen], waiting: list[Seen], after: Seen | None) -> list[Seen]:
        """The waiting frames with their faces: on the way from the last held look to the next one, `after`, or else looked for."""
        if waiting:
            before = held[-1]
            faces = before.faces
            pairs = None if after is None else same_faces(faces.boxes, after.faces.boxes)
            for seen in waiting:
                if pairs is None:
                    found = self._detector.follow_all(seen.frame.image, faces.boxes)
                    seen.searched = found is None
                    faces = seen.faces = self._detector.detect(seen.frame.image) if seen.searched else found
                else:
                    share = (seen.frame.index - before.frame.index) / (after.frame.index - before.frame.index)
                    seen.faces = before.faces.towards(after.faces[pairs], share)
                self._found(seen)
        return waiting

    def _follow_back(self, held: list[Seen], faces: Faces) -> None:
        """Adds to the held frames, last to first, the faces that the key frame shows and they lack."""
        for seen in reversed(held):
            faces = faces[~overlapping(faces.boxes, seen.faces.boxes)]
            if not len(faces):
                return
            faces = self._detector.follow(seen.frame.image, faces.boxes)
            faces = faces[~overlapping(faces.boxes, seen.faces.boxes)]
            seen.faces = seen.faces.joined(faces)


def same_faces(boxes: np.ndarray, others: np.ndarray) -> np.ndarray | None:
    """Which of the others [N, 4] is each of the boxes [N, 4], int [N]; None where one has moved far, or come, or gone."""
    if len(boxes) != len(others):
        return None
    if not len(boxes):
        return np.zeros(0, int)
    overlap = intersection_over_union(boxes, others)
    pairs = overlap.argmax(axis=1)
    return pairs if len(set(pairs.tolist())) == len(pairs) and overlap.max(axis=1).min() > NEAR else None
