"""Frames answered one by one: a camera, a stream, another program."""

import math
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


class StreamSession:
    """Answers each frame of one stream at once. window_s: how far smoothing reaches into the past, in seconds (None: as long as the
    default window of its kind); 0 switches it off. smoothing, prior: as in `inference.mode.mode_of`.

    window_s, mode: the same, in force.
    """

    def __init__(self, model: LoadedModel, window_s: float | None, smoothing: str | None = None, prior: str | float | None = None):
        self.mode = mode_of(model.bundle, smoothing, prior)
        window_s = self.mode.window / REFERENCE_FPS if window_s is None else window_s
        if not (math.isfinite(window_s) and window_s >= 0):
            raise UserError(f"expected a window of 0 s or more, found {window_s!r}: 0 switches smoothing off")
        if window_s and self.mode.kind == "logits" and model.bundle.manifest["sp"]["normalizer"] != "count":
            raise UserError("expected a bundle whose SP.NORMALIZER is count, found window: smooth no stream with it (window 0)")
        model.predictor.revive()
        self.window_s = window_s
        self._model, self._stopwatch = model, Stopwatch()
        self._check = FrameCheck()
        self._recognition: StreamRecognition | None = StreamRecognition(model, window_s, self._stopwatch, mode=self.mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def feed(self, time_s: float, image: np.ndarray) -> FrameResult:
        """The result of this frame: means are those of the frames of its track within the window that ends with it.

        time_s: seconds, which increase. image: HWC RGB uint8 [0, 255], all of one size. Raises UserError for what is none such, and
        after `close`.
        """
        return self.feed_frame(self._check.frame(time_s, image))

    def feed_frame(self, frame: Frame) -> FrameResult:
        """As `feed`, of a frame that is known to be in order; its index is the result's."""
        if self._recognition is None:
            raise UserError("expected an open session, found one that was closed: begin another with Recognizer.stream")
        return self._recognition.feed(frame)

    def summarise(self, counts: SummaryBuilder, reader: StreamReader, options: dict[str, Any]) -> Summary:
        """What was counted until now, with the seconds of each stage. options: by name, as asked for."""
        window = scaled_window(round(self.window_s * REFERENCE_FPS), reader.source.fps)
        return counts.build(reader, self._model, self.mode, window, options, self._stopwatch)

    def close(self) -> None:
        """Ends the session."""
        self._recognition = None
