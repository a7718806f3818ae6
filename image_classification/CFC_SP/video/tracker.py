"""Faces of one frame after another -> tracks: one id a person for as long as the face stays in view, never across a cut.

No well-kept library fits (looked at: norfair 2.3.0 asks for NumPy below 2, trackers 2.6.1 and PySceneDetect 0.7.2 install
opencv-python over our headless one, supervision 0.31.2 has no tracker any more). With boxes from every frame little is needed:
those of neighbouring frames are paired by overlap, with SciPy's optimal assignment.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..core.records import Faces
from .detector import intersection_over_union


class FaceTracker:
    """Gives every face a track id: positive, rising, never used twice.

    Faces are paired with the tracks' last boxes so that the summed intersection over union is largest, and no pair's is below
    `min_overlap`; the others get a new id at once. A face unseen for more than `lost_s` seconds of media time comes back under a
    new id, and all tracks end at a cut.
    """

    def __init__(self, lost_s: float = 1.0, min_overlap: float = 0.2):
        self._lost_s = lost_s
        self._min_overlap = min_overlap
        self._next_id = 1
        self._ids = np.zeros(0, np.int64)
        self._boxes = np.zeros((0, 4), np.float32)
        self._seen_s = np.zeros(0)

    def update(self, time_s: float, faces: Faces, cut: bool = False) -> Faces:
        """The same faces, in their order, with `tracks` set.

        Frames must come in order, those without a face too, each with its time in seconds and whether it begins a new shot.
        """
        alive = (time_s - self._seen_s <= self._lost_s) & (not cut)
        self._ids, self._boxes, self._seen_s = self._ids[alive], self._boxes[alive], self._seen_s[alive]

        overlap = intersection_over_union(self._boxes, faces.boxes)
        known, found = linear_sum_assignment(overlap, maximize=True)
        paired = overlap[known, found] >= self._min_overlap
        known, found = known[paired], found[paired]
        tracks = np.zeros(len(faces), np.int64)
        tracks[found] = self._ids[known]
        new = np.flatnonzero(tracks == 0)
        tracks[new] = np.arange(self._next_id, self._next_id + len(new))
        self._next_id += len(new)

        self._boxes[known], self._seen_s[known] = faces.boxes[found], time_s
        self._ids = np.concatenate([self._ids, tracks[new]])
        self._boxes = np.concatenate([self._boxes, faces.boxes[new]])
        self._seen_s = np.concatenate([self._seen_s, np.full(len(new), time_s)])
        return replace(faces, tracks=tracks)
