# SPDX-License-Identifier: Apache-2.0
"""Praat's TextGrid files: an interval tier a track."""

import os
import re
from collections.abc import Iterator

from ..core.annotation import Annotation, Interval, annotation_from
from ..support.errors import UserError
from ..support.files import read_bounded
from .track_names import tier_of, track_of

MAX_BYTES = 32 << 20
"""The largest file that is read."""
# What Praat reads of a text file: texts in quotes, flags, and numbers that stand by themselves; all else is there for people.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(<[a-z]+>)(?!\S)|(?<!\S)([-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)(?!\S)|![^\n]*|\S+')


def write_textgrid(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as a TextGrid in the long form: UTF-8, times in seconds to the millisecond.

    A tier a track, named "track 1"; gaps are intervals without a text, as Praat wants them. It covers the clip from 0 on.
    """
    end_s = max(annotation.end_s, 0.001)
    tracks = annotation.by_track() or {"track": []}
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *_span(0.0, end_s), "tiers? <exists> ", f"size = {len(tracks)} "]
    lines.append("item []: ")
    for number, (track, intervals) in enumerate(tracks.items(), 1):
        own = list(_without_gaps(intervals, end_s))
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f"        name = {_quoted(tier_of(track))} "]
        lines += [*_span(0.0, end_s, 8), f"        intervals: size = {len(own)} "]
        for place, (start_s, stop_s, label) in enumerate(own, 1):
            lines += [f"        intervals [{place}]:", *_span(start_s, stop_s, 12), f"            text = {_quoted(label)} "]
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join([*lines, ""]))


def _span(start_s: float, end_s: float, indent: int = 0) -> list[str]:
    return [f"{' ' * indent}{name} = {round(time_s, 3) + 0.0} " for name, time_s in (("xmin", start_s), ("xmax", end_s))]


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


def _without_gaps(intervals: list[Interval], end_s: float) -> Iterator[tuple[float, float, str]]:
    """The intervals as (start, end, label), with what lies between them as intervals of their own."""
    now_s = 0.0
    for interval in intervals:
        if interval.start_s > now_s:
            yield now_s, interval.start_s, ""
        yield interval.start_s, interval.end_s, interval.label
        now_s = interval.end_s
    if now_s < end_s:
        yield now_s, end_s, ""


def read_textgrid(path: str | os.PathLike) -> Annotation:
    """What the interval tiers of a TextGrid in text, of the long or the short form, say; intervals without a text are gaps.

    Raises UserError for a file that is none or not whole.
    """
    content = read_bounded(path, MAX_BYTES)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return _parsed(_values(content.decode(encoding)))
    except (UnicodeError, ValueError, StopIteration) as error:
        reason = "it is cut" if isinstance(error, StopIteration) else str(error)
        raise UserError(
            f"{path}: expected a whole TextGrid as text, found none ({reason}): save it again as a text file in Praat"
        ) from error


def _values(text: str) -> Iterator[str | float]:
    """Texts, flags and numbers in order; texts begin with a quote. Raises ValueError where one more is asked for than there are."""
    for found in _TOKEN.finditer(text):
        if found[1] is not None:
            yield '"' + found[1].replace('""', '"')
        elif found[2] is not None:
            yield found[2]
        elif found[3] is not None:
            yield float(found[3])
    raise ValueError("it is cut")


def _parsed(values: Iterator[str | float]) -> Annotation:
    if (found := next(values)) != '"ooTextFile' or (found := next(values)) != '"TextGrid':
        raise ValueError(f"it begins with {str(found)[:40]!r}")
    _, end_s, flag = (next(values) for _ in range(3))
    intervals, tracks = [], []
    for _ in range(_count(next(values)) if flag == "<exists>" else 0):
        kind, name, _, _, size = (next(values) for _ in range(5))
        if kind not in ('"IntervalTier', '"TextTier'):
            raise ValueError(f"a tier of the kind {str(kind)[:40]!r}")
        track = track_of(_text(name))
        if kind == '"IntervalTier':
            tracks.append(track)
        for _ in range(_count(size)):
            # A point has a time and a text.
            start_s = next(values)
            stop_s = next(values) if kind == '"IntervalTier' else None
            label = _text(next(values)).strip()
            if stop_s is not None and label:
                intervals.append(Interval(track, _number(start_s), _number(stop_s), label))
    return annotation_from(intervals, tracks, length_s=_number(end_s))


def _text(value: str | float) -> str:
    if not isinstance(value, str) or not value.startswith('"'):
        raise ValueError(f"{str(value)[:40]!r} in the place of a text")
    return value[1:]


def _number(value: str | float) -> float:
    if not isinstance(value, float):
        raise ValueError(f"{str(value)[:40]!r} in the place of a number")
    return value


def _count(value: str | float) -> int:
    return int(_number(value))
