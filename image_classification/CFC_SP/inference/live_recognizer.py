"""The main path for a stream: every frame is answered at once, from the past alone."""

from collections import deque
from queue import SimpleQueue

from ..core.records import Frame, FrameResult
from ..support.errors import UserError
from ..video.live_follower import LiveFollower
from .pipeline import Recognizer

LIVE_BATCH = 4


class LiveRecognizer(Recognizer):
    """One stream through the networks of `recognizer`, which must not be used meanwhile; end it with `close`.

    window_s: how long SP's window reaches into the past, in seconds; 0 switches SP off. Raises UserError for a bundle whose SP
    divides by the window, as that has no meaning for half of one.
    """

    def __init__(self, recognizer: Recognizer, window_s: float):
        if window_s and recognizer.bundle.manifest["sp"]["normalizer"] != "count":
            raise UserError("expected a bundle whose SP.NORMALIZER is count, found window: smooth no stream with it (window 0)")
        vars(self).update(vars(recognizer))
        self._follower = LiveFollower(recognizer._follower)
        # No batch fills up while others wait for it.
        self._batch = LIVE_BATCH
        self._window_s = window_s
        self._held: deque = deque()
        self._frames: SimpleQueue = SimpleQueue()
        self._stages = self._observed(iter(self._frames.get, None))

    def feed(self, frame: Frame) -> FrameResult:
        """The result of `frame`: to its logits is added their mean over the frames of its track in the window that ends with it.
        Frames must come in order."""
        self._frames.put(frame)
        self._held.append(self._with_logits(next(self._stages)))
        while self._held[0].time_s < frame.time_s - self._window_s:
            self._held.popleft()
        # Half of SP's window lies in the future, of which there is none: the other half is to reach all that is held.
        window = 2 * len(self._held) if self._window_s else 0
        (result,) = self._decide(self._held, len(self._held) - 1, len(self._held), window)
        return result

    def close(self) -> None:
        """Ends the stream."""
        self._frames.put(None)
        self._stages.close()
