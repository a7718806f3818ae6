# SPDX-License-Identifier: Apache-2.0
"""Clips whose faces are looked at once and decided in several modes: the networks take the time, smoothing takes none."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.core.track_cascade import TrackCascade
from image_classification.CFC_SP.core.window import check_window, scaled_window
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.inference.decision import Decider
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.inference.mode import Mode, mode_of
from image_classification.CFC_SP.inference.observation import Observation
from image_classification.CFC_SP.inference.recognition import observe_clip
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.stopwatch import Stopwatch
from image_classification.CFC_SP.video.clip import open_clip
from tools.footage.disturbances import turn

OWN = "own"


@dataclass(frozen=True)
class ObservedClip:
    """A clip's frame rate, and what was seen in its frames."""

    fps: float
    frames: list[Observation]


def modes_of(bundle: Bundle, words: Iterable[str]) -> list[Mode]:
    """The modes that words name, KIND:FRAMES:PRIOR each, or OWN for the bundle's; their window is the one to use.

    Raises UserError for other words and for what the bundle does not know.
    """
    modes = []
    for word in words:
        if word == OWN:
            modes.append(mode_of(bundle))
            continue
        parts = word.split(":")
        if len(parts) != 3 or not parts[1].isdecimal():
            raise UserError(f"-modes: expected KIND:FRAMES:PRIOR such as decoder:24:0.8, or {OWN}, found {word!r}")
        check_window(int(parts[1]))
        modes.append(replace(mode_of(bundle, parts[0], parts[2]), window=int(parts[1])))
    return modes


def observe(model: LoadedModel, path: str, tilt: float = 0.0) -> ObservedClip:
    """The faces of a clip, turned by `tilt` degrees against the clock, and their logits; raises UserError for a file that is no clip."""
    with open_clip(path) as reader:
        frames = (replace(frame, image=turn(frame.image, None, tilt)) for frame in reader) if tilt else reader
        return ObservedClip(reader.source.fps, list(observe_clip(model, frames, Stopwatch())))


def rows_in_mode(model: LoadedModel, clip: ObservedClip, mode: Mode, cascade: TrackCascade | None = None) -> list[FrameResult]:
    """What the clip shows when it is smoothed and weighed by `mode`: one result a frame. cascade: decides in place of the bundle's own."""
    decider = Decider(model.predictor if cascade is None else _Sequence(cascade), Stopwatch(), mode)
    return list(decider.decided(iter(clip.frames), scaled_window(mode.window, clip.fps)))


class _Sequence:
    """Stands for a predictor whose sequence program is a cascade that no bundle holds."""

    def __init__(self, cascade: TrackCascade):
        self._cascade = cascade

    def begin(self, program: str, *inputs) -> Future:
        assert program == "sequence"
        outputs = Future()
        outputs.set_result(self._cascade(*inputs))
        return outputs
