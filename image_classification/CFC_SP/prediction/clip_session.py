# SPDX-License-Identifier: Apache-2.0
"""A session with one clip."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Self

from ..core.records import FrameResult, Source, Summary
from ..core.window import scaled_window
from ..inference.loaded_model import LoadedModel
from ..inference.mode import mode_of
from ..inference.recognition import recognise_clip
from ..support.errors import UserError
from ..support.stopwatch import Stopwatch
from ..video.pictures import PictureReader
from ..video.reader import VideoReader
from .frame_input import CallersFrames
from .options import SEARCHES, ClipOptions
from .summary_builder import SummaryBuilder
from .video_result import VideoResult


class ClipSession:
    """An iterator over one clip's results: a FrameResult for every frame looked at, as soon as it is decided.

    The session ends after the last frame, and when an error is raised. `close`, or the end of a `with` block, ends it earlier. An ended
    session gives no more results. Sessions of one recognizer do not affect each other.

    source: the file's own description of the clip. expected_frames: about how many frames there will be; None where that is not known.
    """

    def __init__(
        self, model: LoadedModel, reader: VideoReader | PictureReader | CallersFrames, options: ClipOptions, asked: dict[str, Any]
    ):
        model.predictor.revive()
        self.source: Source = reader.source
        fps = self.source.fps / options.span.stride
        mode = mode_of(model.bundle, options.smoothing, options.prior)
        pictures = reader if isinstance(reader, PictureReader) else None
        unrelated = pictures is not None and pictures.unrelated
        if unrelated and options.window:
            raise UserError(
                f"-window {options.window}: expected frames to smooth over, found unrelated pictures: add -fps, or leave it out"
            )
        window = 0 if unrelated else scaled_window(mode.window if options.window is None else options.window, fps)
        self.expected_frames = options.span.frames(self.source.duration_s, self.source.fps)
        self._reader, self._stopwatch = reader, Stopwatch()
        self._counts = SummaryBuilder(self.source, options.span)
        self._build = partial(self._counts.build, reader, model, mode, window, asked, self._stopwatch)
        self._summary: Summary | None = None
        results = recognise_clip(model, reader, window, self._stopwatch, SEARCHES[options.search], mode, unrelated)
        self._results = self._counted(results if pictures is None else _named(results, pictures))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> FrameResult:
        return next(self._results)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        # One that raised while it was made has nothing to close.
        if hasattr(self, "_results"):
            self.close()

    @property
    def frame_duration_s(self) -> float:
        """Seconds from one frame looked at to the next."""
        return self._counts.frame_duration_s

    @property
    def summary(self) -> Summary:
        """Counts, segments, timings and warnings of the frames decided so far; after the end, of the whole clip."""
        return self._summary or self._build()

    def run(self) -> VideoResult:
        """All results that are still to come, in memory, and the summary."""
        with self:
            rows = list(self)
        return VideoResult(self.summary, rows)

    def close(self) -> None:
        """Ends the session, its threads and its hold on the file."""
        self._results.close()
        self._reader.close()

    def _counted(self, results: Generator[FrameResult]) -> Generator[FrameResult]:
        with closing(self._reader), closing(results):
            for result in results:
                self._counts.add(result)
                yield result
            self._summary = self._build()


def _named(results: Generator[FrameResult], pictures: PictureReader) -> Generator[FrameResult]:
    """The results with the names of the picture files that they are of."""
    with closing(results):
        for result in results:
            yield replace(result, picture=pictures.name_of(result.frame))
