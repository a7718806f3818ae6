# SPDX-License-Identifier: Apache-2.0
"""Frames that the caller has decoded, checked one by one."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ..core.records import Frame, Source
from ..support.errors import UserError


class FrameCheck:
    """Turns a caller's times and images into frames, numbered from 0. Raises UserError as `frame`."""

    def __init__(self):
        self._index, self._last_s, self._shape = 0, -math.inf, None

    def frame(self, time_s: float, image: np.ndarray) -> Frame:
        """The next frame, with a copy of the image, whose buffer the caller may fill again.

        Raises UserError for what is no HWC RGB uint8 image, for another size than the first one's, and for a time that is not after the
        last one.
        """
        if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size):
            found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
            raise UserError(f"expected an image as RGB uint8 [height, width, 3], found {found}")
        if self._shape not in (None, image.shape):
            raise UserError(
                f"expected frames of one size, found {list(image.shape)} after {list(self._shape)}: resize them, or begin another session"
            )
        if not (math.isfinite(time_s) and time_s > self._last_s):
            raise UserError(
                f"expected times that increase, found {time_s} s after {self._last_s} s: give each frame its own, or begin another session"
            )
        self._index, self._last_s, self._shape = self._index + 1, time_s, image.shape
        return Frame(self._index - 1, float(time_s), image.copy())


class CallersFrames:
    """A recording in a caller's hands, with the surface of video.reader.VideoReader. Its first frame is taken at once.

    Raises UserError for a frame rate that is not above 0, and where there is no frame.
    """

    damaged = 0

    def __init__(self, frames: Iterable[tuple[float, np.ndarray]], fps: float):
        if not (math.isfinite(fps) and fps > 0):
            raise UserError(f"expected a frame rate above 0, found {fps!r}: give the number of frames a second")
        self.warnings: list[str] = []
        self._check, self._frames = FrameCheck(), iter(frames)
        first = next(self._frames, None)
        if first is None:
            raise UserError("expected frames, found none: give at least one (time_s, image)")
        self._first = self._check.frame(*first)
        height, width = self._first.image.shape[:2]
        self.source = Source("", "rgb24", width, height, fps, None)

    def __iter__(self) -> Iterator[Frame]:
        yield self._first
        for time_s, image in self._frames:
            yield self._check.frame(time_s, image)

    def close(self) -> None:
        """Nothing to close."""
