# SPDX-License-Identifier: Apache-2.0
"""Segments: the stretches of one track with one label, built frame by frame."""

from dataclasses import dataclass

from .records import FrameResult, Segment


@dataclass(slots=True)
class _Open:
    label: str
    start_s: float
    confidence_sum: float
    frames: int


class SegmentBuilder:
    """Builds the segments of a clip from its FrameResults in order; holds no frame, only the segments.

    A segment is a run of consecutive frames in which a track has one label: a frame without the track ends it, as does another
    label. It starts at the time of its first frame and ends at the time of the frame after its last, so that neighbours meet; at
    the clip's end, `frame_duration_s` (seconds) after its last frame. Its confidence is the mean over its frames.
    """

    def __init__(self, frame_duration_s: float):
        self._frame_duration_s = frame_duration_s
        self._open: dict[int, _Open] = {}
        self._closed: list[Segment] = []
        self._time_s = 0.0

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        self._time_s = result.time_s
        labels = {face.track: face.label for face in result.faces}
        for track in [track for track, run in self._open.items() if labels.get(track) != run.label]:
            self._closed.append(_segment(track, self._open.pop(track), result.time_s))
        for face in result.faces:
            run = self._open.setdefault(face.track, _Open(face.label, result.time_s, 0.0, 0))
            run.confidence_sum += face.confidence
            run.frames += 1

    def segments(self, last_frame_s: float | None = None) -> list[Segment]:
        """All segments as if the clip ended here, ordered by start, then by track; last_frame_s: how long its last frame is shown, in
        seconds, None: as long as every frame."""
        end_s = self._time_s + (self._frame_duration_s if last_frame_s is None else last_frame_s)
        still_open = [_segment(track, run, end_s) for track, run in self._open.items()]
        return sorted(self._closed + still_open, key=lambda segment: (segment.start_s, segment.track))


def _segment(track: int, run: _Open, end_s: float) -> Segment:
    return Segment(track, run.start_s, end_s, run.label, run.confidence_sum / run.frames)
