# SPDX-License-Identifier: Apache-2.0
"""What each face showed over a clip's time: curves that stay small however long the clip is, and their picture."""

import math
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.labels import EXPR
from ..core.records import Face, FrameResult, Segment, Summary
from ..core.span import WHOLE, Span
from .palette import COLOURS, text_colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_POINTS = 2000
"""The most points of a track's curves."""
MAX_TRACKS = 12
"""The most tracks that are drawn: those seen longest."""
_MAX_BLOCKS = 400
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)
_MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Curves:
    """One track's eight probabilities over time: time_s float64 [N], increasing; smoothed and raw float32 [N, 8] in EXPR order.

    A point is the mean of up to `frames_a_point` frames. A row of NaN ends each stretch in which the track is seen without a
    break; raw is NaN where the probabilities before smoothing are not known. frames: those that show the track.
    """

    track: int
    frames: int
    frames_a_point: int
    time_s: np.ndarray
    smoothed: np.ndarray
    raw: np.ndarray


class Timeline:
    """Gathers the curves of a clip from its FrameResults in order; memory grows neither with the clip nor with its tracks.

    frame_duration_s: how long the last frame is shown, in seconds. A track has at most `max_points` points, and `max_tracks`
    tracks are given. span: the part of the clip that the results are of. begin_s, end_s: what an axis of it covers.
    """

    def __init__(self, frame_duration_s: float, max_points: int = MAX_POINTS, max_tracks: int = MAX_TRACKS, span: Span = WHOLE):
        self._frame_duration_s, self._max_points, self._max_tracks = frame_duration_s, max_points, max_tracks
        self._tracks: dict[int, _Track] = {}
        self._stride = span.stride
        self.begin_s, self.end_s = span.offset_s, span.offset_s + 1e-3
        self._begun = False

    def watch(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """Yields `results` as they are, and takes each on its way."""
        for result in results:
            self.add(result)
            yield result

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        if not self._begun:
            self._begun, self.begin_s, self.end_s = True, result.time_s, result.time_s + 1e-3
        self.end_s = max(self.end_s, result.time_s + self._frame_duration_s)
        for face in result.faces:
            if face.track not in self._tracks:
                self._tracks[face.track] = _Track(face.track, result.frame, self._stride, self._max_points)
            self._tracks[face.track].add(result, face)
        if len(self._tracks) > 8 * self._max_tracks:
            self._forget({face.track for face in result.faces})

    def curves(self) -> list[Curves]:
        """The tracks seen longest, ordered by track."""
        longest = sorted(self._tracks.values(), key=lambda track: (-track.frames, track.number))[: self._max_tracks]
        return [track.curves(self._frame_duration_s) for track in sorted(longest, key=lambda track: track.number)]

    def _forget(self, present: set[int]) -> None:
        """Drops short tracks that are out of sight. One that comes back begins again, and loses little, as it was short."""
        gone = sorted((track for track in self._tracks.values() if track.number not in present), key=lambda track: track.frames)
        for track in gone[: -2 * self._max_tracks]:
            del self._tracks[track.number]


@dataclass(slots=True)
class _Point:
    slot: int
    first_s: float
    last_s: float
    count: int
    sums: np.ndarray  # [16], the eight smoothed, then the eight raw


class _Track:
    """A track's points so far. When they grow too many, neighbours are joined and each spans twice as many frames."""

    def __init__(self, number: int, first_frame: int, stride: int, max_points: int):
        self.number, self.frames = number, 0
        self._first_frame, self._stride, self._max_points = first_frame, stride, max_points
        self._width, self._breaks = 1, 0
        self._points: list[_Point] = []

    def add(self, result: FrameResult, face: Face) -> None:
        raw = face.raw_probabilities or (math.nan,) * len(EXPR)
        self.frames += 1
        self._append(
            _Point(
                (result.frame - self._first_frame) // self._stride // self._width,
                result.time_s,
                result.time_s,
                1,
                np.array((*face.probabilities, *raw)),
            )
        )
        # Each stretch costs two points more: its end, and the gap behind it.
        while len(self._points) + 2 * (self._breaks + 1) > self._max_points and len(self._points) > 1:
            points, self._points = self._points, []
            self._width, self._breaks = 2 * self._width, 0
            for point in points:
                point.slot //= 2
                self._append(point)

    def _append(self, point: _Point) -> None:
        last = self._points[-1] if self._points else None
        if last is not None and last.slot == point.slot:
            last.last_s, last.count = point.last_s, last.count + point.count
            last.sums += point.sums
            return
        self._breaks += last is not None and last.slot + 1 != point.slot
        self._points.append(point)

    def curves(self, frame_duration_s: float) -> Curves:
        gap = np.full(2 * len(EXPR), math.nan)
        times, values = [], []
        for point, after in zip(self._points, [*self._points[1:], None], strict=True):
            mean = point.sums / point.count
            times.append((point.first_s + point.last_s) / 2)
            values.append(mean)
            if after is None or after.slot != point.slot + 1:
                end_s = point.last_s + frame_duration_s
                times += [end_s, end_s]
                values += [mean, gap]
        table = np.array(values, np.float32)
        smoothed, raw = table[:, : len(EXPR)], table[:, len(EXPR) :]
        return Curves(self.number, self.frames, self._width, np.array(times), smoothed, raw)


def bands(segments: Iterable[Segment], end_s: float, begin_s: float = 0.0) -> dict[int, list[tuple[float, float, str]]]:
    """What the band of each track shows: (start_s, end_s, label) blocks in order, by track.

    They are the segments; where there are more than a screen can show, the time from `begin_s` to `end_s` is cut into equal parts
    and each has the label that lasts longest in it.
    """
    found = defaultdict(list)
    for segment in segments:
        found[segment.track].append((segment.start_s, segment.end_s, segment.label))
    return {track: blocks if len(blocks) <= _MAX_BLOCKS else _thinned(blocks, begin_s, end_s) for track, blocks in found.items()}


def _thinned(blocks: list[tuple[float, float, str]], begin_s: float, end_s: float) -> list[tuple[float, float, str]]:
    width = (end_s - begin_s) / _MAX_BLOCKS
    edges = [begin_s + i * width for i in range(_MAX_BLOCKS + 1)]
    parts = [Counter() for _ in range(_MAX_BLOCKS)]
    for start, end, label in blocks:
        for i in range(max(int((start - begin_s) / width), 0), min(math.ceil((end - begin_s) / width), _MAX_BLOCKS)):
            parts[i][label] += max(0.0, min(end, edges[i + 1]) - max(start, edges[i]))
    found = []
    for i, part in enumerate(parts):
        if part:
            label = part.most_common(1)[0][0]
            joined = found and found[-1][2] == label and found[-1][1] == edges[i]
            start = found.pop()[0] if joined else edges[i]
            found.append((start, edges[i + 1], label))
    return found


def clock(seconds: float, places: int = 0) -> str:
    """Minutes and seconds, with hours where there are any: 0:04, 12:30.25, 1:00:00."""
    units = round(seconds * 10**places)
    whole, rest = divmod(units, 10**places)
    minutes, hours = whole // 60 % 60, whole // 3600
    text = f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
    return f"{text}.{rest:0{places}d}" if places else text


def ticks(end_s: float, begin_s: float = 0.0) -> dict[float, str]:
    """Round times from `begin_s` to `end_s` seconds, few enough for a narrow screen, with what to write at each."""
    length_s = end_s - begin_s
    many = _STEPS_S[-1] * math.ceil(length_s / _STEPS_S[-1] / _MOST_TICKS)
    step = next((step for step in _STEPS_S if length_s / step <= _MOST_TICKS), many)
    counts = range(math.ceil(begin_s / step - 1e-9), int(end_s / step + 1e-9) + 1)
    return {round(i * step, 1): clock(i * step, 1 if step < 1 else 0) for i in counts}


def ink(label: str) -> tuple[int, int, int]:
    """RGB [0, 255] of a class for lines on white: its colour, darkened where it would not stand out (contrast 3, WCAG 2.1)."""
    colour = np.array(COLOURS[label]) / 255
    while True:
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        if 1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05) >= 3:
            return tuple(int(value) for value in np.round(colour * 255))
        colour = colour * 0.97


def printable(text: str) -> str:
    """`text` without what cannot be written or would disturb the text around it: control characters, bytes that are no UTF-8."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


_WIDTH, _HEAD, _TRACK, _FOOT, _DPI = 16.0, 1.0, 2.6, 0.6, 100  # inches, but for the last


def picture_size(tracks: int) -> tuple[int, int]:
    """Width and height in pixels of the picture of so many tracks."""
    return round(_WIDTH * _DPI), round((_HEAD + _TRACK * max(tracks, 1) + _FOOT) * _DPI)


def write_timeline(path: str | os.PathLike, summary: Summary, timeline: Timeline) -> None:
    """Writes the PNG of `draw_timeline`, of `picture_size`, to the file `path`. Raises OSError where it cannot be written."""
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, which is no fault of the run.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        draw_timeline(summary, timeline).savefig(path, format="png", metadata={"Software": None})


def draw_timeline(summary: Summary, timeline: Timeline) -> "Figure":
    """A matplotlib figure: for each track its segments as a band above its eight probabilities, smoothed as lines and raw as dots."""
    # Takes longer to import than a short clip to read, and most runs draw no picture.
    from matplotlib.figure import Figure

    shown, begin_s, end_s = timeline.curves(), timeline.begin_s, timeline.end_s
    width, height = (pixels / _DPI for pixels in picture_size(len(shown)))
    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white")
    left, span = 1.0 / width, (width - 1.4) / width
    title = printable(os.path.basename(summary.source.path))
    # A dollar sign in a name is no formula.
    figure.text(left, 1 - 0.38 / height, title[:110], size=15, weight="bold", va="center", parse_math=False)
    hidden = summary.tracks - len(shown)
    note = f" {hidden} more, seen more briefly, are left out." if hidden > 0 else ""
    note = f"Probabilities of each face: smoothed as lines, raw as dots.{note}" if shown else "No face was found in this clip."
    figure.text(left, 1 - 0.72 / height, note, size=10, color="#555", va="center")
    found = bands(summary.segments, end_s, begin_s)
    for row, curves in enumerate(shown):
        bottom = height - _HEAD - _TRACK * (row + 1)
        band = figure.add_axes((left, (bottom + 2.16) / height, span, 0.26 / height))
        chart = figure.add_axes((left, (bottom + 0.4) / height, span, 1.72 / height))
        _draw_band(band, found.get(curves.track, []), begin_s, end_s, span * width)
        band.set_ylabel(f"#{curves.track}", rotation=0, ha="right", va="center", size=12, weight="bold")
        for i, label in enumerate(EXPR):
            colour = np.array(ink(label)) / 255
            chart.plot(curves.time_s, curves.raw[:, i], color=colour, lw=0.8, ls=":", alpha=0.8)
            chart.plot(curves.time_s, curves.smoothed[:, i], color=colour, lw=1.8, label=label)
        times = ticks(end_s, begin_s)
        chart.set(xlim=(begin_s, end_s), ylim=(-0.02, 1.02), yticks=(0, 0.5, 1), yticklabels=("0%", "50%", "100%"))
        chart.set_xticks(list(times), list(times.values()))
        chart.grid(color="#ddd", lw=0.7)
        chart.tick_params(labelsize=9, length=3, color="#999")
        chart.spines[["top", "right", "left"]].set_visible(False)
    if shown:
        handles, names = chart.get_legend_handles_labels()
        figure.legend(handles, names, ncols=len(EXPR), loc="lower center", frameon=False, fontsize=10)
    return figure


def _draw_band(axes, blocks: list[tuple[float, float, str]], begin_s: float, end_s: float, width_in: float) -> None:
    axes.set(xlim=(begin_s, end_s), ylim=(0, 1), xticks=(), yticks=(), facecolor="#f2f2f2")
    axes.spines[:].set_visible(False)
    for start, end, label in blocks:
        axes.axvspan(start, end, color=np.array(COLOURS[label]) / 255, lw=0)
        if (end - start) / (end_s - begin_s) * width_in > 0.12 * len(label):
            ground = np.array(text_colour(COLOURS[label])) / 255
            axes.text((start + end) / 2, 0.46, label, size=9, color=ground, ha="center", va="center")
