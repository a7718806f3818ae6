"""Faces of one frame after another -> tracks: one id a person for as long as the face stays in view, never across a cut.

No well-kept library fits (looked at: norfair 2.3.0 asks for NumPy below 2, trackers 2.6.1 and PySceneDetect 0.7.2 install
opencv-python over our headless one, supervision 0.31.2 has no tracker any more). With boxes from every frame little is needed:
those of neighbouring frames are paired by overlap, with SciPy's optimal assignment.
"""

from dataclasses import replace

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from ..core.records import Faces, Frame

# Measured: cuts change the standardised thumbnail by 0.6 to 1.1, cars that rush past by up to 0.46, a moving face by under 0.1.
CUT_CHANGE = 0.55
THUMBNAIL = 48, 27
# Keeps the noise of an almost even frame (black, fog) from being blown up to a picture.
LEAST_CONTRAST = 8.0


class CutDetector:
    """Tells hard cuts by how much a standardised thumbnail changes; fades and dissolves are none."""

    def __init__(self):
        self._last = None

    def is_cut(self, image: np.ndarray) -> bool:
        """Whether this frame (HWC RGB uint8) begins a new shot; frames must come in order. The first one does not."""
        # Every n-th pixel is enough for a thumbnail; reading them all would cost as much as the decoding.
        step = max(1, min(image.shape[1] // THUMBNAIL[0], image.shape[0] // THUMBNAIL[1]) // 4)
        sampled = np.ascontiguousarray(image[::step, ::step])
        thumbnail = cv2.resize(sampled, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        # Standardised, so that a lamp switched on or a change of exposure is no cut.
        thumbnail = (thumbnail - thumbnail.mean(axis=(0, 1))) / (thumbnail.std() + LEAST_CONTRAST)
        cut = self._last is not None and bool(np.abs(thumbnail - self._last).mean() > CUT_CHANGE)
        self._last = thumbnail
        return cut


class FaceTracker:
    """Gives every face a track id: positive, rising, never used twice.

    Faces are paired with the tracks' last boxes so that the summed intersection over union is largest, and no pair's is below
    `min_overlap`; the others get a new id at once. A face unseen for more than `lost_s` seconds of media time comes back under a
    new id, and all tracks end at a cut.
    """

    def __init__(self, lost_s: float = 1.0, min_overlap: float = 0.2):
        self._lost_s = lost_s
        self._min_overlap = min_overlap
        self._cuts = CutDetector()
        self._next_id = 1
        self._ids = np.zeros(0, np.int64)
        self._boxes = np.zeros((0, 4), np.float32)
        self._seen_s = np.zeros(0)
        self.at_cut = False

    def update(self, frame: Frame, faces: Faces) -> Faces:
        """The same faces with `tracks` set, ordered by track id. Frames must come in order, those without a face too.

        Afterwards `at_cut` says whether this frame began a new shot.
        """
        self.at_cut = self._cuts.is_cut(frame.image)
        alive = (frame.time_s - self._seen_s <= self._lost_s) & (not self.at_cut)
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

        self._boxes[known], self._seen_s[known] = faces.boxes[found], frame.time_s
        self._ids = np.concatenate([self._ids, tracks[new]])
        self._boxes = np.concatenate([self._boxes, faces.boxes[new]])
        self._seen_s = np.concatenate([self._seen_s, np.full(len(new), frame.time_s)])
        return replace(faces, tracks=tracks)[np.argsort(tracks)]


def intersection_over_union(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The overlap [N, M] in [0, 1] of boxes a [N, 4] and b [M, 4]."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b))
    return shared / np.maximum(area_a[:, None] + area_b[None] - shared, np.finfo(np.float32).tiny)
