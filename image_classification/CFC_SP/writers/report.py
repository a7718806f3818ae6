# SPDX-License-Identifier: Apache-2.0
"""One self-contained page on a clip: its annotated video, what each face showed over time, and how the result came about.

Bokeh draws the charts: it is maintained, and its script, which travels in its wheel and then in the page, weighs a quarter of
Plotly's. Nothing on the page is loaded from anywhere.
"""

import base64
import json
import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import cv2
import jinja2
import numpy as np
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure
from bokeh.resources import Resources
from markupsafe import Markup

from ..core.labels import EXPR
from ..core.records import Face, Frame, FrameResult, Segment, Summary
from .movie_clock import MovieClock
from .palette import COLOURS, text_colour
from .timeline import Curves, Timeline, bands, clock, ink, printable, ticks

LARGEST_EMBEDDED = 24_000_000
"""Bytes of the largest video that is put into the page; a larger one is linked."""
MAX_SEGMENTS = 1000
"""The most segments in the page's table."""
MAX_SUMS = 200
"""The most tracks in its summary."""
_INSET = 52  # px left of a chart's frame, where its axis stands; the band above it begins there too
_THUMBNAIL = 112  # px, the side of a face's picture
_LIBRARIES = ("paddlepaddle", "paddlepaddle-gpu", "numpy", "opencv-python-headless", "av", "bokeh")


class Thumbnails:
    """Collects one small picture of the face of each of `tracks` while the frames pass by: where it is large and surely found."""

    def __init__(self, tracks: Iterable[int]):
        self._best = dict.fromkeys(tracks, 0.0)
        self.jpegs: dict[int, bytes] = {}

    def watch(self, frames: Iterable[Frame], results: Iterable[FrameResult]) -> Iterator[Frame]:
        """Yields `frames`, HWC RGB uint8, as they are; results: one for each."""
        for frame, result in zip(frames, results, strict=True):
            for face in result.faces:
                x1, y1, x2, y2 = face.box
                worth = face.score**4 * (x2 - x1) * (y2 - y1)
                # Slightly better is not worth the work.
                if worth > 1.1 * self._best.get(face.track, float("inf")):
                    self._best[face.track] = worth
                    self.jpegs[face.track] = _portrait(frame.image, face)
            yield frame


def _portrait(image: np.ndarray, face: Face) -> bytes:
    """JPEG of the square about the face, with the picture's edge repeated where it reaches beyond."""
    x1, y1, x2, y2 = face.box
    side = max(round(1.25 * max(x2 - x1, y2 - y1)), 1)
    height, width = image.shape[:2]
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    columns, rows = (np.clip(np.arange(start, start + side), 0, size - 1) for start, size in ((left, width), (top, height)))
    square = cv2.resize(image[rows[:, None], columns], (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(square, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 85))[1].tobytes()


def write_report(
    path: str | os.PathLike,
    summary: Summary,
    timeline: Timeline,
    thumbnails: dict[int, bytes],
    movie: str | os.PathLike,
    movie_name: str,
    largest_embedded: int = LARGEST_EMBEDDED,
    clock: MovieClock | None = None,
) -> None:
    """Writes the page to the file `path`, in UTF-8.

    thumbnails: JPEGs by track. movie: the annotated video, H.264 in MP4, which goes into the page up to `largest_embedded` bytes;
    a larger one is linked as `movie_name`, to be found beside the page. clock: when it shows what (None: it begins where the charts
    do). Every text is escaped. Raises OSError where `movie` cannot be read or `path` not be written.
    """
    begin_s, end_s = timeline.begin_s, timeline.end_s
    shown = timeline.curves()
    found = bands(summary.segments, end_s, begin_s)
    size = os.path.getsize(movie)
    embedded = size <= largest_embedded
    shares = _shares(summary.segments)
    charts = [json_item(_chart(curves, begin_s, end_s), f"chart-{curves.track}") for curves in shown]
    page = _environment().get_template("report.html.j2")
    text = page.render(
        name=printable(os.path.basename(summary.source.path)),
        summary=summary,
        begin_s=begin_s,
        end_s=end_s,
        anchors=json.dumps([(0.0, begin_s)] if clock is None else clock.anchors),
        inset=_INSET,
        classes=[{"name": name, "colour": _css(COLOURS[name]), "ink": _css(ink(name))} for name in EXPR],
        movie=Markup(_base64(Path(movie).read_bytes())) if embedded else None,
        movie_name=movie_name,
        movie_mb=f"{size / 1e6:.0f}",
        tracks=[
            _track(curves, found.get(curves.track, []), shares[curves.track]["shares"], thumbnails.get(curves.track), begin_s, end_s)
            for curves in shown
        ],
        hidden=summary.tracks - len(shown),
        rows=[_row(segment) for segment in summary.segments[:MAX_SEGMENTS]],
        sums=list(shares.values())[:MAX_SUMS],
        overall=_ranked(summary.label_counts),
        versions=_versions(),
        charts=_json(charts),
        scripts=[Markup(script) for script in page_scripts()],
    )
    Path(path).write_text(text, encoding="utf-8", errors="replace")


def page_scripts() -> tuple[str, str]:
    """The two scripts of every page as they stand in it, so that a server can allow no other."""
    bokeh = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
    return f"\n{bokeh}\n", f"\n{_own('report.js')}\n"


def _own(name: str) -> Markup:
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "printable": printable}
    environment.globals["own"] = _own
    return environment


def _chart(curves: Curves, begin_s: float, end_s: float):
    """The eight probabilities of a track; the page finds lines and data by their names."""
    columns = {"x": curves.time_s.astype(np.float32)}
    for i, _ in enumerate(EXPR):
        columns |= {f"p{i}": curves.smoothed[:, i], f"raw{i}": curves.raw[:, i]}
    source = ColumnDataSource(columns, name=f"data-{curves.track}")
    plot = figure(
        height=190,
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        x_range=Range1d(begin_s, end_s),
        y_range=Range1d(-0.02, 1.02),
        min_border=0,
        min_border_left=_INSET,
        min_border_top=6,
        min_border_right=16,
        min_border_bottom=26,
        outline_line_color=None,
    )
    for i, name in enumerate(EXPR):
        look = {"x": "x", "source": source, "line_color": ink(name)}
        plot.line(y=f"raw{i}", line_width=1, line_alpha=0.6, line_dash=[2, 2], name=f"raw-{i}", **look)
    for i, name in enumerate(EXPR):
        plot.line(y=f"p{i}", x="x", source=source, line_color=ink(name), line_width=2, line_join="round", name=f"p-{i}")
    times = ticks(end_s, begin_s)
    plot.xaxis.ticker, plot.xaxis.major_label_overrides = FixedTicker(ticks=list(times)), times
    plot.yaxis.ticker, plot.yaxis.major_label_overrides = FixedTicker(ticks=[0, 0.5, 1]), {0: "0%", 0.5: "50%", 1: "100%"}
    for axis in plot.axis:
        axis.update(axis_line_color=None, major_tick_line_color="#bbb", minor_tick_line_color=None)
        axis.update(major_label_text_color="#555", major_label_text_font_size="12px")
    plot.grid.grid_line_color = "#e4e4e4"
    return plot


def _track(
    curves: Curves, blocks: list[tuple[float, float, str]], shares: list[dict], thumbnail: bytes | None, begin_s: float, end_s: float
) -> dict:
    return {
        "number": curves.track,
        "frames": curves.frames,
        "frames_a_point": curves.frames_a_point,
        "start_s": blocks[0][0] if blocks else 0.0,
        "end_s": blocks[-1][1] if blocks else 0.0,
        "thumbnail": Markup(_base64(thumbnail)) if thumbnail else None,
        "shares": shares,
        "blocks": [
            {
                "left": f"{100 * (start - begin_s) / (end_s - begin_s):.4f}",
                "width": f"{100 * (end - start) / (end_s - begin_s):.4f}",
                "label": label,
                "colour": _css(COLOURS[label]),
                "text": _css(text_colour(COLOURS[label])),
                "title": f"{label}, {clock(start, 1)} to {clock(end, 1)}",
            }
            for start, end, label in blocks
        ],
    }


def _row(segment: Segment) -> dict:
    return {
        "track": segment.track,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "length_s": f"{segment.end_s - segment.start_s:.2f}",
        "label": segment.label,
        "colour": _css(COLOURS[segment.label]),
        "ink": _css(ink(segment.label)),
        "confidence": f"{segment.confidence:.0%}",
    }


def _shares(segments: list[Segment]) -> dict[int, dict]:
    """What each track showed, by the time it lasted; the tracks seen longest first."""
    found: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for segment in segments:
        found[segment.track][segment.label] += segment.end_s - segment.start_s
    tracks = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return {track: {"track": track, "seen_s": f"{sum(seconds.values()):.1f}", "shares": _ranked(seconds)} for track, seconds in tracks}


def _ranked(amounts: dict[str, float]) -> list[dict]:
    total = sum(amounts.values())
    ranked = sorted(((amount, label) for label, amount in amounts.items() if amount > 0), key=lambda item: (-item[0], item[1]))
    return [
        # A half is rounded up, whether it comes from frames or, less exactly, from seconds.
        {
            "label": label,
            "share": f"{100 * amount / total + 1e-3:.0f}%",
            "width": f"{100 * amount / total:.3f}",
            "colour": _css(COLOURS[label]),
        }
        for amount, label in ranked
    ]


def _versions() -> dict[str, str]:
    """Python's version and those of the libraries that had a part in the result, where they are installed."""
    found = {"Python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(value) -> Markup:
    """JSON that may stand inside a script element: no `<` can end it."""
    return Markup(json.dumps(value, allow_nan=False).replace("<", "\\u003c"))
