"""The faces of every frame from detection on few: in between they are followed, forwards and backwards.

A full detection costs some fifty times as much as O-Net on one known box. Faces that a key frame shows for the first time are
followed back to where they came in, so that looking seldom makes none of them late.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..core.records import Faces, Frame
from .cuts import CutDetector
from .detector import FaceDetector, damped, overlapping

KEY_EVERY_S = 1.0
# What the frames between two key frames may take in memory; longer stretches get a key frame early.
HELD_BYTES = 96 << 20


@dataclass(slots=True)
class Seen:
    """A frame with its faces, and whether it begins a new shot."""

    frame: Frame
    faces: Faces
    cut: bool


class FaceFollower:
    """Full detection every `every_s` seconds of media time, at cuts and where a face gets lost; 0 detects in every frame."""

    def __init__(self, detector: FaceDetector, every_s: float = KEY_EVERY_S):
        self._detector, self._every_s = detector, every_s

    def follow(self, frames: Iterable[Frame]) -> Iterator[Seen]:
        """Every frame, in order, as late as its next key frame. Frames must come in order."""
        cuts = CutDetector()
        held: list[Seen] = []
        windows = None
        for frame in frames:
            cut = cuts.is_cut(frame.image)
            faces = None if cut or self._is_due(held, frame) else self._followed(frame, windows)
            key = Seen(frame, self._detector.detect(frame.image) if faces is None else faces, cut)
            if faces is None:
                if not cut:
                    self._follow_back(held, key.faces)
                yield from held
                held.clear()
            windows = key.faces.boxes if faces is None else damped(windows, key.faces.boxes)
            held.append(key)
        yield from held

    def _is_due(self, held: list[Seen], frame: Frame) -> bool:
        return not held or frame.time_s - held[0].frame.time_s >= self._every_s or len(held) * frame.image.nbytes >= HELD_BYTES

    def _followed(self, frame: Frame, windows: np.ndarray) -> Faces | None:
        """The faces of the frame before in this one, looked for in `windows` [N, 4]; None where one of them got lost."""
        faces = self._detector.follow(frame.image, windows)
        return faces if len(faces) == len(windows) else None

    def _follow_back(self, held: list[Seen], faces: Faces) -> None:
        """Adds to the held frames, last to first, the faces that the key frame shows and they lack."""
        for seen in reversed(held):
            faces = faces[~overlapping(faces.boxes, seen.faces.boxes)]
            if not len(faces):
                return
            faces = self._detector.follow(seen.frame.image, faces.boxes)
            faces = faces[~overlapping(faces.boxes, seen.faces.boxes)]
            seen.faces = seen.faces.joined(faces)
