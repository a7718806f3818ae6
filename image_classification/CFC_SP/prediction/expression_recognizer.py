"""Frames that somebody else decodes, one by one: a camera, a stream, another program."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import numpy as np

from ..core.records import Frame, FrameResult
from ..core.window import REFERENCE_FPS, scaled_window
from ..inference.live_recognizer import LiveRecognizer
from ..support.errors import UserError
from .recognizers import DEFAULT_BUNDLE, make_recognizer


class ExpressionRecognizer:
    """Expressions in frames: times in seconds, which must increase, and images as HWC RGB uint8, all of one size.

    `feed` is for live use: it answers each frame at once, from the past alone. `results` is for recordings: it answers as
    predict_video does, from past and future. One object serves one stream at a time; `reset` begins another. It can be used in a
    `with` block, which ends the stream.

    bundle, device, window, min_face: as for predict_video, and the same errors.
    """

    def __init__(
        self,
        *,
        bundle: str | Path = DEFAULT_BUNDLE,
        device: str = "auto",
        window: int | None = None,
        min_face: float | None = None,
    ):
        self._recognizer = make_recognizer(bundle, device, min_face, apart=False)
        self._window = self._recognizer.bundle.manifest["sp"]["window"] if window is None else window
        self._window_s = scaled_window(self._window, REFERENCE_FPS) / REFERENCE_FPS
        self._live: LiveRecognizer | None = None
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all frames: the next one is the first of another stream."""
        if self._live is not None:
            self._live.close()
        self._live, self._index, self._last_s, self._shape = None, 0, -math.inf, None

    def feed(self, time_s: float, image: np.ndarray) -> FrameResult:
        """The result of this frame. It is smoothed over the past alone: to its logits is added their mean over the frames of its
        track within the last `window` / 30 seconds, itself among them.

        Raises UserError for a time that is not after the last one, for another size, for what is no HWC RGB uint8 image, and for a
        bundle whose SP divides by the window, as that has no meaning for half of one.
        """
        frame = self._frame(time_s, image)
        if self._live is None:
            self._live = LiveRecognizer(self._recognizer, self._window_s)
        return self._live.feed(frame)

    def results(self, frames: Iterable[tuple[float, np.ndarray]], fps: float) -> Iterator[FrameResult]:
        """Yields one result for each (time_s, image) of a recording of `fps` frames a second, some while after the frame: what
        predict_video gives for the clip. Raises UserError as `feed` does."""
        self.reset()
        return self._recognizer.results((self._frame(*frame) for frame in frames), scaled_window(self._window, fps))

    def _frame(self, time_s: float, image: np.ndarray) -> Frame:
        if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size):
            found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
            raise UserError(f"expected an image as RGB uint8 [height, width, 3], found {found}")
        if self._shape not in (None, image.shape):
            raise UserError(f"expected frames of one size, found {list(image.shape)} after {list(self._shape)}: resize them, or reset()")
        if not (math.isfinite(time_s) and time_s > self._last_s):
            raise UserError(f"expected times that increase, found {time_s} s after {self._last_s} s: give each frame its own, or reset()")
        self._index, self._last_s, self._shape = self._index + 1, time_s, image.shape
        # The caller's buffer may hold the next frame before this one is looked at.
        return Frame(self._index - 1, float(time_s), image.copy())
