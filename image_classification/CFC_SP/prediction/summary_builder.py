# SPDX-License-Identifier: Apache-2.0
"""The results of one clip or stream, counted on their way."""

from collections.abc import Iterable
from dataclasses import replace

from ..core.labels import EXPR
from ..core.records import FrameResult, Source, Summary
from ..core.segments import SegmentBuilder
from ..core.span import Span
from ..inference.loaded_model import LoadedModel
from ..inference.mode import Mode
from ..support.stopwatch import Stopwatch


class SummaryBuilder:
    """Counts results and says what they amount to. latest: the result that came last."""

    def __init__(self, source: Source, span: Span):
        self._source, self._span = source, span
        self.frame_duration_s = span.stride / source.fps
        self._segments = SegmentBuilder(self.frame_duration_s)
        self._frames = self._frames_with_faces = self._face_rows = 0
        self._label_counts = dict.fromkeys(EXPR, 0)
        self._tracks: set[int] = set()
        self.latest: FrameResult | None = None

    def add(self, result: FrameResult) -> None:
        """Takes the next result."""
        self.latest = result
        self._segments.add(result)
        self._frames += 1
        self._frames_with_faces += bool(result.faces)
        self._face_rows += len(result.faces)
        for face in result.faces:
            self._label_counts[face.label] += 1
            self._tracks.add(face.track)

    def build(self, reader, model: LoadedModel, mode: Mode, window_frames: int, options: dict, stopwatch: Stopwatch) -> Summary:
        """What was seen until now.

        reader: tells `damaged`, `warnings` and, of a stream, `dropped`, of picture files, `pictures`. mode: the kind of smoothing and the
        prior. window_frames: smoothing's window, in frames of this clip. options: by name, as asked for.
        """
        status = model.predictor.status()
        summary = Summary(
            source=self._source,
            bundle=model.bundle.identity,
            device=status["device"],
            engine=status["engine"],
            window_frames=window_frames,
            damaged_frames=reader.damaged,
            dropped_frames=getattr(reader, "dropped", 0),
            timings_s={**stopwatch.seconds, "total": stopwatch.total_s},
            warnings=[*reader.warnings, *self._warnings(model, status["fell_back"])],
            span=self._span,
            options=options,
            smoothing=mode.kind,
            prior=mode.tau,
            pictures=list(getattr(reader, "pictures", ())),
        )
        return self.counted(summary)

    def counted(self, summary: Summary) -> Summary:
        """The summary with what was counted in place of its own counts and segments."""
        return replace(
            summary,
            frames=self._frames,
            frames_with_faces=self._frames_with_faces,
            face_rows=self._face_rows,
            tracks=len(self._tracks),
            label_counts=dict(self._label_counts),
            segments=self._segments.segments(),
        )

    def _warnings(self, model: LoadedModel, fell_back: bool) -> Iterable[str]:
        if fell_back:
            yield "oneDNN, or a fusion of cuDNN's, failed and was left; the networks run slower without it"
        if model.bundle.is_random:
            yield f"the weights of bundle {model.bundle.manifest['name']} are random: its labels mean nothing"
        if not self._face_rows:
            yield "no face was found in any frame"
