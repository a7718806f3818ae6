"""Subtitles: an interval a cue, as WebVTT or SubRip."""

import os

from ..core.annotation import Annotation
from .track_names import tier_of


def write_vtt(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as WebVTT: UTF-8, one cue an interval, `<v track 1>track 1: Happiness (0.87)`."""
    _write(path, annotation, "vtt", "<v {tier}>{tier}: {label}{confidence}")


def write_srt(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as SubRip: UTF-8, one subtitle an interval, `track 1: Happiness (0.87)`."""
    _write(path, annotation, "srt", "{tier}: {label}{confidence}")


def _write(path: str | os.PathLike, annotation: Annotation, form: str, text: str) -> None:
    # Imported here: most runs write no subtitles.
    import pysubs2

    file = pysubs2.SSAFile()
    for interval in annotation.intervals:
        sure = "" if interval.confidence is None else f" ({interval.confidence:.2f})"
        shown = text.format(tier=tier_of(interval.track), label=interval.label, confidence=sure)
        start, end = (round(1000 * time_s) for time_s in (interval.start_s, interval.end_s))
        file.append(pysubs2.SSAEvent(start, end, shown))
    file.save(os.fspath(path), encoding="utf-8", format_=form)
