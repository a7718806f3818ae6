"""Labelled intervals of a clip, whoever named them: a person in another program, or the segments of a result."""

from dataclasses import dataclass

from .records import Summary

MILLISECONDS = 3
"""Decimal places of an interval's times: what the formats of other programs hold."""


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
    media: the path of the video, None where there is none to play. end_s: where the clip ends as far as that is known, at the last
    interval's end at the least."""

    intervals: tuple[Interval, ...]
    tracks: tuple[str, ...]
    media: str | None = None
    end_s: float = 0.0

    def of(self, track: str) -> list[Interval]:
        """The intervals of one track, in order."""
        return [interval for interval in self.intervals if interval.track == track]


def annotation_of(summary: Summary, media: str | None = None) -> Annotation:
    """The segments of a result, to the millisecond; no interval begins before the time 0, at which every player begins.

    Segments whose mean confidence is below `min_confidence` of the summary's options, or which are shorter than `min_segment`
    seconds, are left out, and so is what lasts less than a millisecond.
    """
    least, shortest = (summary.options.get(name) or 0.0 for name in ("min_confidence", "min_segment"))
    intervals = []
    for segment in summary.segments:
        start_s, end_s = (max(0.0, round(time_s, MILLISECONDS)) for time_s in (segment.start_s, segment.end_s))
        # Microseconds: a segment of a second at 30 frames/s lasts one, whatever the sum of its frames.
        if end_s > start_s and segment.confidence >= least and round(segment.end_s - segment.start_s, 6) >= shortest:
            intervals.append(Interval(str(segment.track), start_s, end_s, segment.label, segment.confidence))
    tracks = tuple(str(track) for track in sorted({segment.track for segment in summary.segments}))
    length_s = round(summary.source.duration_s or 0.0, MILLISECONDS)
    return Annotation(tuple(intervals), tracks, media, max([length_s, *(interval.end_s for interval in intervals)]))
