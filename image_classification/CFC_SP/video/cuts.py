# SPDX-License-Identifier: Apache-2.0
"""Hard cuts between shots."""

from dataclasses import dataclass

import cv2
import numpy as np

# Measured: cuts change the standardised thumbnail by 0.6 to 1.1, cars that rush past by up to 0.46, a moving face by under 0.1.
CUT_CHANGE = 0.55
THUMBNAIL = 48, 27
# Pixels that are enough for a thumbnail; reading them all would cost as much as the decoding.
SAMPLES = 192, 108
# Keeps the noise of an almost even frame (black, fog) from being blown up to a picture.
LEAST_CONTRAST = 8.0


# What lies around a face where its shot goes on changes by less from frame to frame, whatever the rest of the picture does: by up to
# 0.13 of people who talk, and by 0.56 and more at cuts.
FACE_CHANGE = 0.25
# How far beyond its box a face's surroundings reach, in sides of the box.
AROUND = 0.2


class CutDetector:
    """Tells hard cuts by how much a standardised thumbnail changes; fades and dissolves are none."""

    def __init__(self):
        self._last = self._sample = None

    def look(self, image: np.ndarray) -> "Change":
        """How this frame (HWC RGB uint8) differs from the last one; frames must come in order. The first one begins no new shot."""
        sample = image
        if image.shape[1] > SAMPLES[0] and image.shape[0] > SAMPLES[1]:
            sample = cv2.resize(image, SAMPLES, interpolation=cv2.INTER_NEAREST)
        thumbnail = cv2.resize(sample, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        # Standardised, so that a lamp switched on or a change of exposure is no cut.
        thumbnail = (thumbnail - thumbnail.mean(axis=(0, 1))) / (thumbnail.std() + LEAST_CONTRAST)
        cut = self._last is not None and bool(np.abs(thumbnail - self._last).mean() > CUT_CHANGE)
        change = Change(cut, self._sample, sample, image.shape[1::-1])
        self._last, self._sample = thumbnail, sample
        return change


@dataclass(frozen=True, slots=True)
class Change:
    """What a frame changes. cut: whether it begins a new shot. before, after: small copies of both frames, None before the first; size:
    width and height of the frames."""

    cut: bool
    before: np.ndarray | None
    after: np.ndarray
    size: tuple[int, int]

    def reaches(self, boxes: np.ndarray) -> np.ndarray:
        """Which of the faces at boxes [N, 4] had their surroundings changed as by a cut, bool [N]: a face in the corner of changing slides
        has not."""
        if self.before is None or self.before.shape != self.after.shape:
            return np.ones(len(boxes), bool)
        around = np.tile(boxes[:, 2:] - boxes[:, :2], 2) * [-AROUND, -AROUND, AROUND, AROUND]
        share = np.divide(self.after.shape[1::-1], self.size)
        limit = np.array(self.after.shape[1::-1]) - 2
        low = np.clip(np.floor((boxes + around)[:, :2] * share), 0, limit).astype(int)
        high = np.maximum(np.ceil((boxes + around)[:, 2:] * share).astype(int), low + 2)
        regions = (np.s_[y1:y2, x1:x2] for (x1, y1), (x2, y2) in zip(low.tolist(), high.tolist(), strict=True))
        return np.array([self._change(region) > FACE_CHANGE for region in regions], bool)

    def _change(self, region) -> float:
        """By how much half of a region changes at least, in its own contrast: a part of it may lie beyond the face's picture."""
        before, after = self.before[region].astype(np.float32), self.after[region].astype(np.float32)
        return float(np.median(np.abs(after - before).mean(axis=2)) / ((before.std() + after.std()) / 2 + LEAST_CONTRAST))
