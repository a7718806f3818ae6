# SPDX-License-Identifier: Apache-2.0
"""The faces of every frame at once, for streams that nobody can look ahead in."""

import numpy as np

from ..core.records import Frame
from .cuts import CutDetector
from .detector import FaceDetector, damped
from .follower import KEY_EVERY_S, LARGE_EVERY_S, Seen

# Nobody is followed back to where they came in, so nobody waits long to be seen.
LIVE_KEY_EVERY_S = 1.0


class LiveFollower:
    """Looks at each frame before the next is there: a face that comes in between two searches is found by the second.

    The whole frame is searched every `every_s` seconds of media time, once a second at the least, at cuts and where a face gets lost. In
    between, large faces that are not followed yet are looked for every `large_every_s` seconds.
    """

    def __init__(self, detector: FaceDetector, every_s: float = KEY_EVERY_S, large_every_s: float = LARGE_EVERY_S):
        self._detector, self._every_s, self._large_every_s = detector, min(every_s, LIVE_KEY_EVERY_S), large_every_s
        self._cuts = CutDetector()
        self._windows: np.ndarray | None = None
        self._searched_s = self._large_s = 0.0

    def look(self, frame: Frame) -> Seen:
        """The faces of the next frame; frames must come in order."""
        change = self._cuts.look(frame.image)
        faces = None
        if self._windows is not None and not change.cut and frame.time_s - self._searched_s < self._every_s:
            faces = self._detector.follow_all(frame.image, self._windows)
        searched = faces is None
        if searched:
            faces, self._searched_s = self._detector.detect(frame.image), frame.time_s
        elif frame.time_s >= self._large_s:
            faces = faces.joined(self._detector.detect_others(frame.image, faces.boxes))
        if searched or frame.time_s >= self._large_s:
            self._large_s = frame.time_s + self._large_every_s
        self._windows = faces.boxes if searched else damped(self._windows, faces.boxes)
        return Seen(frame, faces, change, searched)
