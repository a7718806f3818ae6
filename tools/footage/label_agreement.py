# SPDX-License-Identifier: Apache-2.0
"""Labels on a disturbed clip against those on the clip as it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.core.records import Face, Frame, FrameResult
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.inference.recognition import recognise_clip
from image_classification.CFC_SP.support.stopwatch import Stopwatch
from image_classification.CFC_SP.video.reader import open_video
from tools.footage.disturbances import Disturbance, Scene

# A face is found again where one lies no further away than this share of its side.
REACH = 0.5


@dataclass(frozen=True)
class CleanClip:
    """A clip as it is: its path, how many of its frames count (None: all), its frames' faces, the median side of a face in px."""

    path: Path
    frames: int | None
    rows: list[FrameResult]
    side: float

    @property
    def faces(self) -> int:
        """Faces in all frames together."""
        return sum(len(row.faces) for row in self.rows)

    def scene(self, index: int) -> Scene:
        """The faces of one frame."""
        return Scene(np.array([face.box for face in self.rows[index].faces]).reshape(-1, 4), self.side)


def look_at(model: LoadedModel, path: Path, frames: int | None) -> CleanClip:
    """The faces of a clip, undisturbed; raises UserError for a file that is no clip."""
    with open_video(path) as reader:
        rows = list(recognise_clip(model, islice(reader, frames), 0, Stopwatch()))
    sides = [_side(face) for row in rows for face in row.faces]
    return CleanClip(path, frames, rows, float(np.median(sides)) if sides else 0.0)


def compare(model: LoadedModel, clip: CleanClip, disturbance: Disturbance, strength: float) -> tuple[int, int, int]:
    """(faces of the clip that stay in the picture, how many are found again, how many of these keep their `raw_label`).

    Every frame is disturbed before its faces are looked for.
    """
    sizes: list[tuple[tuple[int, int], tuple[int, int]]] = []
    with open_video(clip.path) as reader:
        frames = _disturb(islice(reader, clip.frames), clip, disturbance, strength, sizes)
        disturbed = list(recognise_clip(model, frames, 0, Stopwatch()))
    visible = found = kept = 0
    for before, after, (size, new_size) in zip(clip.rows, disturbed, sizes, strict=True):
        matrix = disturbance.moved(size, clip.scene(before.frame), strength)
        for face in before.faces:
            centre = matrix @ [*_centre(face), 1]
            if not ((centre >= 0) & (centre < new_size)).all():
                continue
            visible += 1
            again = nearest(after.faces, centre, REACH * _side(face) * np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
            if again is not None:
                found += 1
                kept += again.raw_label == face.raw_label
    return visible, found, kept


def nearest(faces: Iterable[Face], point: np.ndarray, reach: float) -> Face | None:
    """The face whose centre lies nearest to `point`, None where none is within `reach` px."""
    best = min(faces, key=lambda face: np.linalg.norm(_centre(face) - point), default=None)
    return best if best is not None and np.linalg.norm(_centre(best) - point) <= reach else None


def _disturb(frames: Iterable[Frame], clip: CleanClip, disturbance: Disturbance, strength: float, sizes: list) -> Iterator[Frame]:
    for frame in frames:
        changed = disturbance.change(frame.image, clip.scene(frame.index), strength)
        sizes.append((frame.image.shape[1::-1], changed.shape[1::-1]))
        yield replace(frame, image=changed)


def _centre(face: Face) -> np.ndarray:
    x1, y1, x2, y2 = face.box
    return np.array([(x1 + x2) / 2, (y1 + y2) / 2])


def _side(face: Face) -> float:
    x1, y1, x2, y2 = face.box
    return max(x2 - x1, y2 - y1)
