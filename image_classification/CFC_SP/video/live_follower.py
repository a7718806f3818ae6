"""The faces of every frame at once, for streams that nobody can look ahead in."""

from collections.abc import Iterable, Iterator

from ..core.records import Frame
from .cuts import CutDetector
from .detector import damped
from .follower import FaceFollower, Seen

# Nobody is followed back to where they came in, so nobody waits long to be seen.
LIVE_KEY_EVERY_S = 1.0


class LiveFollower(FaceFollower):
    """Gives each frame before it asks for the next: a face that comes in between two detections is found by the second.

    Made of a FaceFollower, whose detector it takes; it detects every second, or as often as that one does.
    """

    def __init__(self, follower: FaceFollower):
        super().__init__(follower._detector, min(follower._every_s, LIVE_KEY_EVERY_S))

    def follow(self, frames: Iterable[Frame]) -> Iterator[Seen]:
        """Every frame, in order, at once."""
        cuts, windows, detected_s = CutDetector(), None, 0.0
        for frame in frames:
            cut = cuts.is_cut(frame.image)
            due = windows is None or cut or frame.time_s - detected_s >= self._every_s
            faces = None if due else self._followed(frame, windows)
            searched = faces is None
            if searched:
                faces, detected_s = self._detector.detect(frame.image), frame.time_s
                windows = faces.boxes
            else:
                windows = damped(windows, faces.boxes)
            yield Seen(frame, faces, cut, searched)
