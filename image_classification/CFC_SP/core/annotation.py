# SPDX-License-Identifier: Apache-2.0
"""Labelled intervals of a clip, whoever named them: a person in another program, or the segments of a result."""

from collections.abc import Iterable
from dataclasses import dataclass

from .records import Segment, Summary

MILLISECONDS = 3
"""Decimal places of an interval's times: what the formats of other programs hold."""
MOST_SECONDS = 1e7
"""Where the time of a clip ends at the latest: after four months."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one track with one label, from start_s to before end_s, in seconds of the clip's time. track: its name, "" where
    none is named. confidence: in [0, 1], None where it is not known."""

    track: str
    start_s: float
    end_s: float
    label: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said of a clip. intervals: ordered by start, then by track. tracks: the names of all, those without an interval too.
    media: the path of the video, None where there is none to play. length_s: the time at which the clip ends, fps: its frames a second,
    both None where they are not known."""

    intervals: tuple[Interval, ...]
    tracks: tuple[str, ...]
    media: str | None = None
    length_s: float | None = None
    fps: float | None = None

    @property
    def end_s(self) -> float:
        """Where the clip ends as far as that is known: at the last interval's end at the least."""
        return max([self.length_s or 0.0, *(interval.end_s for interval in self.intervals)])

    def by_track(self) -> dict[str, list[Interval]]:
        """The intervals of each track, in order."""
        found: dict[str, list[Interval]] = {track: [] for track in self.tracks}
        for interval in self.intervals:
            found[interval.track].append(interval)
        return found


def annotation_from(
    intervals: Iterable[Interval], tracks: Iterable[str] = (), media: str | None = None, length_s: float | None = None
) -> Annotation:
    """The annotation that a file holds: its intervals put in order, `tracks` and after them those that only the intervals name.

    Raises ValueError, which says what is wrong, for an interval that does not end after it begins, and for one before the time 0.
    """
    ordered = sorted(intervals, key=lambda interval: interval.start_s)
    for interval in ordered:
        if not 0 <= interval.start_s < interval.end_s < MOST_SECONDS:
            raise ValueError(f"an interval from {interval.start_s:g} to {interval.end_s:g} s, where one from 0 s on ends after it begins")
    names = dict.fromkeys([*tracks, *(interval.track for interval in ordered)])
    return Annotation(tuple(ordered), tuple(names), media, length_s)


def annotation_of(summary: Summary, media: str | None = None, zero_s: float = 0.0) -> Annotation:
    """The segments of a result, to the millisecond, in the time that players of `media` show, which begins at `zero_s`.

    Segments whose mean confidence is below `min_confidence` of the summary's options, or which are shorter than `min_segment`
    seconds, are left out, and so is what lasts less than a millisecond.
    """
    least, shortest = (summary.options.get(name) or 0.0 for name in ("min_confidence", "min_segment"))
    # Microseconds: a segment of a second at 30 frames/s lasts one, whatever the sum of its frames.
    kept = (
        segment for segment in summary.segments if segment.confidence >= least and round(segment.end_s - segment.start_s, 6) >= shortest
    )
    intervals = intervals_of(kept, zero_s)
    tracks = tuple(str(track) for track in sorted({segment.track for segment in summary.segments}))
    duration_s = summary.source.duration_s
    # A clip that begins late ends late.
    length_s = None if duration_s is None else max([round(duration_s, MILLISECONDS), *(interval.end_s for interval in intervals)])
    return Annotation(tuple(intervals), tracks, media, length_s, summary.source.fps)


def intervals_of(segments: Iterable[Segment], zero_s: float = 0.0) -> list[Interval]:
    """The segments as intervals, to the millisecond, from `zero_s` on; what lies before it or lasts less than a millisecond is left
    out."""
    intervals = []
    for segment in segments:
        # Microseconds first, as in result.json, so that what is read back gives the same.
        times = (round(round(time_s, 6) - zero_s, MILLISECONDS) for time_s in (segment.start_s, segment.end_s))
        start_s, end_s = (max(0.0, time_s) for time_s in times)
        if end_s > start_s:
            intervals.append(Interval(str(segment.track), start_s, end_s, segment.label, segment.confidence))
    return intervals
