"""One clip on its way through a loaded model."""

from collections.abc import Generator
from contextlib import closing
from functools import partial
from typing import Any, Self

from ..core.records import FrameResult, Source, Summary
from ..core.window import scaled_window
from ..inference.loaded_model import LoadedModel
from ..inference.mode import mode_of
from ..inference.recognition import recognise_clip
from ..support.stopwatch import Stopwatch
from ..video.pictures import PictureReader
from ..video.reader import VideoReader
from .frame_input import CallersFrames
from .options import SEARCHES, ClipOptions
from .summary_builder import SummaryBuilder
from .video_result import VideoResult


class ClipSession:
    """Iterates over the results of one clip, once: a FrameResult for every frame looked at, as soon as it is decided.

    The session owns all there is of the clip, and sessions of one recognizer may take turns. It ends by itself behind the last
    frame and where an error is raised; `close`, or a `with` block, ends one that is left half-way. Nothing comes after its end.

    source: what the container says of the clip. expected_frames: about how many there will be, None where that is not known.
    """

    def __init__(
        self, model: LoadedModel, reader: VideoReader | PictureReader | CallersFrames, options: ClipOptions, asked: dict[str, Any]
    ):
        model.predictor.revive()
        self.source: Source = reader.source
        fps = self.source.fps / options.span.stride
        mode = mode_of(model.bundle, options.smoothing, options.prior)
        window = scaled_window(mode.window if options.window is None else options.window, fps)
        self.expected_frames = options.span.frames(self.source.duration_s, self.source.fps)
        self._reader, self._stopwatch = reader, Stopwatch()
        self._counts = SummaryBuilder(self.source, options.span)
        self._build = partial(self._counts.build, reader, model, mode, window, asked, self._stopwatch)
        self._summary: Summary | None = None
        self._results = self._counted(recognise_clip(model, reader, window, self._stopwatch, SEARCHES[options.search], mode))

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
        """Counts, segments, timings and warnings: of all that was decided until now, and of the clip once it has ended."""
        return self._summary or self._build()

    def run(self) -> VideoResult:
        """Decides all that is left of the clip and holds it in memory."""
        with self:
            rows = list(self)
        return VideoResult(self.summary, rows)

    def close(self) -> None:
        """Ends the session: its threads and its file are gone after this."""
        self._results.close()
        self._reader.close()

    def _counted(self, results: Generator[FrameResult]) -> Generator[FrameResult]:
        with closing(self._reader), closing(results):
            for result in results:
                self._counts.add(result)
                yield result
            self._summary = self._build()
