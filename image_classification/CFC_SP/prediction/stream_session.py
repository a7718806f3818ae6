# SPDX-License-Identifier: Apache-2.0
"""A session that answers frames one by one, from a camera, a stream or another program."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Any, Self

import numpy as np

from ..core.records import Frame, FrameResult, Summary
from ..core.window import REFERENCE_FPS, scaled_window
from ..inference.loaded_model import LoadedModel
from ..inference.mode import mode_of
from ..inference.recognition import StreamRecognition
from ..support.errors import UserError
from ..support.stopwatch import Stopwatch
from ..video.stream import StreamReader
from .frame_input import FrameCheck
from .summary_builder import SummaryBuilder

# Frames wait with their pictures for what comes after them.
MOST_LAG_S = 1.0


class StreamSession:
    """Answers each frame of one stream.

    window_s: how far smoothing reaches into the past, in seconds; 0 means no smoothing, and None the default of the kind of smoothing
    minus the lag, but half of that default at least. smoothing, prior: as in `inference.mode.mode_of`. lag_s: seconds that a frame
    waits for later ones, which then take part in smoothing.

    The attributes window_s and mode hold the values in use. Raises UserError for a window or a lag out of range.
    """

    def __init__(
        self,
        model: LoadedModel,
        window_s: float | None,
        smoothing: str | None = None,
        prior: str | float | None = None,
        lag_s: float = 0.0,
    ):
        self.mode = mode_of(model.bundle, smoothing, prior)
        if not 0 <= lag_s <= MOST_LAG_S:
            raise UserError(f"expected a lag of 0 to {MOST_LAG_S:g} s, found {lag_s!r}: 0 answers every frame at once")
        if window_s is None:
            whole_s = self.mode.window / REFERENCE_FPS
            # No less than on a file, whose window reaches as far both ways.
            window_s = max(whole_s / 2, whole_s - lag_s)
        if not (math.isfinite(window_s) and window_s >= 0):
            raise UserError(f"expected a window of 0 s or more, found {window_s!r}: 0 switches smoothing off")
        if window_s and self.mode.kind == "logits" and model.bundle.manifest["sp"]["normalizer"] != "count":
            raise UserError("expected a bundle with SP.NORMALIZER count, found window: give window 0, which does not smooth")
        model.predictor.revive()
        self.window_s = window_s
        self._model, self._stopwatch = model, Stopwatch()
        self._check, self._lag_s = FrameCheck(), lag_s
        self._recognition: StreamRecognition | None = StreamRecognition(model, window_s, self._stopwatch, mode=self.mode, lag_s=lag_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def feed(self, time_s: float, image: np.ndarray) -> FrameResult:
        """The result of this frame. Smoothing covers the frames of the same track in the window that ends with this frame.

        time_s: seconds, larger at every call. image: HWC RGB uint8 [0, 255], of the same size at every call. Raises UserError for other
        times and images, after `close`, and in a session with a lag.
        """
        if self._lag_s:
            raise UserError("expected a session without a lag, found one with a lag, which answers each frame later: call follow")
        (result,) = self._open().feed(self._check.frame(time_s, image))
        return result

    def follow(self, frames: Iterable[tuple[float, np.ndarray]]) -> Iterator[FrameResult]:
        """The results of the frames, in order; each frame is (time_s, image), as in `feed`. A result comes once the lag has passed."""
        return (result for _, result in self.follow_frames(starmap(self._check.frame, frames)))

    def follow_frames(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Pairs of each frame and its result, as in `follow`, for frames that are known to be in order. A result has its frame's index."""
        waiting: deque[Frame] = deque()
        for frame in frames:
            waiting.append(frame)
            for result in self._open().feed(frame):
                yield waiting.popleft(), result
        for result in self._open().rest():
            yield waiting.popleft(), result

    def _open(self) -> StreamRecognition:
        if self._recognition is None:
            raise UserError("expected an open session, found one that was closed: begin another with Recognizer.stream")
        return self._recognition

    def summarise(self, counts: SummaryBuilder, reader: StreamReader, options: dict[str, Any]) -> Summary:
        """Counts so far, with the seconds of each stage. options: as asked for, by name."""
        window = scaled_window(round(self.window_s * REFERENCE_FPS), reader.source.fps)
        return counts.build(reader, self._model, self.mode, window, options, self._stopwatch)

    def close(self) -> None:
        """Ends the session."""
        self._recognition = None
