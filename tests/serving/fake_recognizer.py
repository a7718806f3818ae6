# SPDX-License-Identifier: Apache-2.0
"""A recognizer that loads nothing: it finds a face in every frame and knows at once what it shows."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.records import Face, FrameResult, Summary
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.prediction.summary_builder import SummaryBuilder
from image_classification.CFC_SP.support.errors import NetworksEndedError, UserError
from image_classification.CFC_SP.video.clip import open_clip

FAKE = "tests.serving.fake_recognizer:FakeRecognizer"
# A clip of this width ends the process that looks at it; one of that width waits as long as the gate is there.
DEADLY, GATED = 66, 68
# A picture of this width loses the networks.
LOST = 70


def face_of(index: int, width: int, height: int) -> Face:
    """The face of a frame: another label every tenth frame."""
    label = EXPR.index(("Happiness", "Surprise", "Neutral", "Anger")[index // 10 % 4])
    probabilities = tuple(0.72 if i == label else 0.04 for i in range(len(EXPR)))
    box = (0.25 * width, 0.2 * height, 0.6 * width, 0.85 * height)
    return Face(1, box, 0.99, EXPR[label], 0.72, COARSE[EXPR_TO_COARSE[label]], EXPR[label], probabilities, probabilities)


class FakeRecognizer:
    """gate: a file; as long as it is there, clips that are GATED wait behind their fifth frame. refused: the sentence to refuse with.
    seconds: how long each frame takes. lost: a file; where it is there, it goes, and the networks are lost while they are loaded."""

    def __init__(self, gate: str | None = None, refused: str | None = None, seconds: float = 0.0, lost: str | None = None):
        if lost is not None and Path(lost).exists():
            Path(lost).unlink()
            raise NetworksEndedError("the process that runs the networks was killed")
        if refused is not None:
            raise UserError(refused)
        self._gate, self._seconds = None if gate is None else Path(gate), seconds
        self.model = SimpleNamespace(predictor=SimpleNamespace(status=dict))

    def clip(self, path: Path, options: ClipOptions) -> "FakeSession":
        """As Recognizer.clip."""
        return FakeSession(self._results, open_clip(path, options.span, options.fps, options.max_pixels), options)

    def stream(self) -> "FakeStream":
        """As Recognizer.stream."""
        return FakeStream()

    def picture(self, image) -> tuple[Face, ...]:
        """As Recognizer.picture."""
        if image.shape[1] == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if image.shape[1] == LOST:
            raise NetworksEndedError("the process that runs the networks was killed")
        return (face_of(0, image.shape[1], image.shape[0]),)

    def _results(self, reader) -> Iterator[FrameResult]:
        width, height = reader.source.width, reader.source.height
        for index, frame in enumerate(reader):
            if width == DEADLY and index == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            while width == GATED and index == 5 and self._gate is not None and self._gate.exists():
                time.sleep(0.01)
                # One that waits still looks at whether it is wanted, as does one that works.
                yield FrameResult(index, frame.time_s, ())
            time.sleep(self._seconds)
            yield FrameResult(frame.index, frame.time_s, (face_of(index, width, height),))


class FakeSession:
    """As ClipSession."""

    def __init__(self, results, reader, options: ClipOptions):
        self._results, self._reader, self._options = results(reader), reader, options
        self.source, self.expected_frames = reader.source, options.span.frames(reader.source.duration_s, reader.source.fps)
        self._counts = SummaryBuilder(self.source, options.span)
        self.frame_duration_s = self._counts.frame_duration_s

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        self._reader.close()

    def __iter__(self) -> Iterator[FrameResult]:
        for result in self._results:
            self._counts.add(result)
            yield result

    @property
    def summary(self) -> Summary:
        """As ClipSession.summary."""
        asked = {"min_face": None, "engine": "auto", "precision": "auto"} | self._options.as_dict()
        bundle = {"name": "fake", "sha256": "0" * 64, "files": {}}
        return self._counts.counted(Summary(self.source, bundle, "cpu", "fake", 0, timings_s={"total": 1.0}, options=asked))


class FakeStream:
    """As StreamSession."""

    def __init__(self):
        self._index = -1

    def feed(self, time_s: float, image) -> FrameResult:
        """As StreamSession.feed."""
        self._index += 1
        return FrameResult(self._index, time_s, (face_of(self._index, image.shape[1], image.shape[0]),))
