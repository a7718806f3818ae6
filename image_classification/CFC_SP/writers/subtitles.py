# SPDX-License-Identifier: Apache-2.0
"""Subtitles: an interval a cue, as WebVTT or SubRip."""

import os
import re

from ..core.annotation import Annotation, Interval, annotation_from
from ..support.errors import UserError
from ..support.files import read_bounded
from .track_names import tier_of, track_of

MAX_BYTES = 8 << 20
"""The largest file that is read: a hundred thousand cues."""
_LONGEST_CUE = 4096
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_TAG = re.compile(r"<[^<>]*>")
_CUE = re.compile(r"(?:(?P<track>[^:]{1,80}): )?(?P<label>.*?)(?: \((?P<confidence>[01](?:\.[0-9]{1,9})?)\))?", re.S)


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


def read_subtitles(path: str | os.PathLike) -> Annotation:
    """What WebVTT or SubRip subtitles say: an interval a cue, its track what stands before a colon or its voice, "" where none does.

    The number in brackets behind a label is its confidence. Raises UserError for a file that is none, and for one with cues that are no
    labels but books.
    """
    import pysubs2

    text = read_bounded(path, MAX_BYTES).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    try:
        # Some of the library's patterns take the square of a cue's length.
        longest = max(map(len, text.split("-->")))
        if longest > _LONGEST_CUE:
            raise ValueError(f"a cue of {longest} characters")
        cues = pysubs2.SSAFile.from_string(text, format_="vtt" if text.lstrip().startswith("WEBVTT") else "srt", keep_html_tags=True)
        if not cues and text.strip() not in ("", "WEBVTT"):
            raise ValueError("no cue in it")
        return annotation_from(_interval(cue) for cue in cues)
    except (pysubs2.Pysubs2Error, ValueError, OverflowError) as error:
        raise UserError(f"{path}: expected WebVTT or SubRip subtitles, found none ({error}): save it again") from error


def _interval(cue) -> Interval:
    # A cue ends with an empty line; what the library adds is the next one's name.
    text = cue.text.partition(r"\N\N")[0].replace(r"\N", " ")
    found = _CUE.fullmatch(_TAG.sub("", text).strip())
    voice = _VOICE.search(text)
    track = found["track"] or (voice[1] if voice else "")
    confidence = None if found["confidence"] is None else float(found["confidence"])
    return Interval(track_of(track), cue.start / 1000, cue.end / 1000, found["label"], confidence)
