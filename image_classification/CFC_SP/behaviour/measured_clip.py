# SPDX-License-Identifier: Apache-2.0
"""A clip's results as arrays: what its faces showed, and for how long."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.labels import EXPR
from ..core.records import Segment
from ..core.segments import SegmentBuilder
from ..writers.output import result_file
from ..writers.result_json import read_summary
from ..writers.rows_csv import read_rows


@dataclass(frozen=True)
class MeasuredTrack:
    """One face in its N frames: their places among the frames looked at int [N], how long each lasts in seconds float [N], labels as
    places in EXPR int [N], probabilities float [N, 8]; and its segments, in order."""

    number: int
    places: np.ndarray
    seconds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class MeasuredClip:
    """A clip with its tracks in order. frame_s: seconds from one frame looked at to the next, on average."""

    name: str
    frame_s: float
    tracks: tuple[MeasuredTrack, ...]


def read_clip(folder: Path) -> MeasuredClip | None:
    """The clip whose results are in `folder`; None for unrelated pictures, which have no time.

    A frame lasts until the next frame of the clip, the last one as long as frames do on average. Raises UserError for results that are not
    whole, or of another version, and where a file is missing.
    """
    summary = read_summary(result_file(folder, "json"))
    if summary.source.is_pictures and summary.options.get("fps") is None:
        return None
    frame_s = summary.span.stride / summary.source.fps
    builder, times, found = SegmentBuilder(frame_s), [], {}
    for place, result in enumerate(read_rows(result_file(folder, "csv"))):
        builder.add(result)
        times.append(result.time_s)
        for face in result.faces:
            places, labels, probabilities = found.setdefault(face.track, ([], [], []))
            places.append(place)
            labels.append(EXPR.index(face.label))
            probabilities.append(np.array(face.probabilities, np.float32))
    seconds = np.diff(np.array([*times, times[-1] + frame_s])) if times else np.zeros(0)
    segments = builder.segments()
    tracks = []
    for number, (places, labels, probabilities) in sorted(found.items()):
        own = tuple(segment for segment in segments if segment.track == number)
        where = np.array(places)
        tracks.append(MeasuredTrack(number, where, seconds[where], np.array(labels), np.array(probabilities, float), own))
    return MeasuredClip(folder.name, frame_s, tuple(tracks))
