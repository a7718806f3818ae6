# SPDX-License-Identifier: Apache-2.0
"""Faces of one frame after another -> tracks: one id a person for as long as the face stays in view, never across a cut of it.

No well-kept library fits (looked at: norfair 2.3.0 asks for NumPy below 2, trackers 2.6.1 and PySceneDetect 0.7.2 install
opencv-python over our headless one, supervision 0.31.2 has no tracker any more). Little is needed: faces are paired with where the
tracks' faces were, or should be by now, by an optimal assignment (lap; SciPy's gives the same and takes a hundred megabytes).
"""

from dataclasses import dataclass, replace

import lap
import numpy as np

from ..core.records import Faces
from .cuts import Change
from .detector import intersection_over_union

# A face seen in the last frame is waited for this long, and for longer where nothing changes around it: no frame in between has missed it.
LONGEST_STEP_S = 5.0
# A face's speed is averaged over about so long, and a face that is not seen slows down within about so long.
SMOOTHED_OVER_S, COASTS_S = 0.25, 1.0
# Overlap with a track's last box counts this much of one with the box expected by now.
LAST_BOX_COUNTS = 0.7
# How far a face's centre may be from where it was expected, in sides of the face: so many a second, and never more than REACH.
SIDES_PER_S, REACH = 4.0, 1.5
# Faces of one person have sides whose ratio is below this.
SIZE_RATIO = 2.0


@dataclass(slots=True)
class _Tracks:
    """The tracks' ids [N], last boxes [N, 4], speeds [N, 2] in pixels a second, and when each face was last seen [N], in seconds."""

    ids: np.ndarray
    boxes: np.ndarray
    speeds: np.ndarray
    seen_s: np.ndarray

    def __getitem__(self, index) -> "_Tracks":
        return _Tracks(self.ids[index], self.boxes[index], self.speeds[index], self.seen_s[index])

    def expected(self, time_s: float) -> np.ndarray:
        """Where the faces should be by now, [N, 4]: they go on as they moved, slower and slower."""
        way = COASTS_S * (1 - np.exp((self.seen_s - time_s) / COASTS_S))
        return (self.boxes + np.tile(self.speeds * way[:, None], 2)).astype(np.float32)

    def see(self, index: np.ndarray, boxes: np.ndarray, time_s: float) -> None:
        """Notes that the faces of the tracks `index` are at `boxes` now."""
        past_s = np.maximum(time_s - self.seen_s[index], 1e-3)[:, None]
        share = 1 - np.exp(-past_s / SMOOTHED_OVER_S)
        moved = (_centres(boxes) - _centres(self.boxes[index])) / past_s
        self.speeds[index] += share * (moved - self.speeds[index])
        self.boxes[index], self.seen_s[index] = boxes, time_s


class FaceTracker:
    """Gives every face a track id: positive, rising, never used twice.

    Faces are paired with the tracks so that the summed intersection over union, with the box expected by now or, for less, with the
    last one, is largest, and no pair's is below `min_overlap`. Of the rest, faces and tracks of like size are paired that are as near
    as a face may have moved since it was seen. The others get a new id at once. A face that is missing for more than `lost_s` seconds
    of media time comes back under a new id, and a cut ends the tracks of those faces whose surroundings it changes.
    """

    def __init__(self, lost_s: float = 2.0, min_overlap: float = 0.2):
        self._lost_s, self._min_overlap = lost_s, min_overlap
        self._next_id, self._last_s = 1, 0.0
        self._tracks = _Tracks(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros((0, 2)), np.zeros(0))

    def update(self, time_s: float, faces: Faces, change: Change | None = None) -> Faces:
        """The same faces, in their order, with `tracks` set.

        Frames must come in order, those without a face too, each with its time in seconds and what it changes (None: no cut).
        """
        self._tracks = self._tracks[self._lasting(time_s - self._tracks.seen_s, change)]
        self._last_s = time_s

        known, found = self._paired(time_s, faces.boxes)
        ids = np.zeros(len(faces), np.int64)
        ids[found] = self._tracks.ids[known]
        self._tracks.see(known, faces.boxes[found], time_s)
        new = np.flatnonzero(ids == 0)
        ids[new] = np.arange(self._next_id, self._next_id + len(new))
        self._next_id += len(new)
        old = self._tracks
        self._tracks = _Tracks(
            np.concatenate([old.ids, ids[new]]),
            np.concatenate([old.boxes, faces.boxes[new]]),
            np.concatenate([old.speeds, np.zeros((len(new), 2))]),
            np.concatenate([old.seen_s, np.full(len(new), time_s)]),
        )
        return replace(faces, tracks=ids)

    def _lasting(self, unseen_s: np.ndarray, change: Change | None) -> np.ndarray:
        """Which of the tracks, whose faces were seen so long ago, go on, bool [N]."""
        is_fresh = self._tracks.seen_s == self._last_s
        lasting = unseen_s <= np.where(is_fresh, max(self._lost_s, LONGEST_STEP_S), self._lost_s)
        if change is not None and (change.cut or (is_fresh & ~lasting).any()):
            is_same = ~change.reaches(self._tracks.boxes)
            lasting = (lasting | is_fresh) & is_same if change.cut else lasting | (is_fresh & is_same)
        return lasting

    def _paired(self, time_s: float, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the tracks and of the boxes that show the same faces."""
        expected = self._tracks.expected(time_s)
        last, now = intersection_over_union(self._tracks.boxes, boxes), intersection_over_union(expected, boxes)
        known, found = _assigned(np.maximum(LAST_BOX_COUNTS * last, now), np.maximum(last, now) >= self._min_overlap)

        apart, ratio = _distances(expected, boxes)
        reach = np.minimum(SIDES_PER_S * (time_s - self._tracks.seen_s), REACH)[:, None]
        free = (apart <= reach) & (ratio < SIZE_RATIO)
        free[known], free[:, found] = False, False
        others = _assigned(-apart, free)
        return np.concatenate([known, others[0]]), np.concatenate([found, others[1]])


def _assigned(scores: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of the pairs with the largest sum of scores, less those that are not allowed."""
    if not scores.size:
        # lap writes beyond an array without elements (0.5.13).
        return np.zeros(0, int), np.zeros(0, int)
    columns, _ = lap.lapjv(-scores, extend_cost=True, return_cost=False)
    # A row without a partner has -1.
    rows = np.flatnonzero(columns >= 0)
    columns = columns[rows]
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]


def _distances(boxes: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far the centres of two sets of boxes lie apart, in sides of the smaller box, and how many times as large the larger box is."""
    sides, other_sides = (np.sqrt(np.prod(np.maximum(b[:, 2:] - b[:, :2], 1e-6), axis=1)) for b in (boxes, others))
    smaller, larger = np.minimum.outer(sides, other_sides), np.maximum.outer(sides, other_sides)
    apart = np.linalg.norm(_centres(boxes)[:, None] - _centres(others)[None], axis=2)
    return apart / smaller, larger / smaller


def _centres(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2
