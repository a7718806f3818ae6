# SPDX-License-Identifier: Apache-2.0
"""The files of a clip's results: what is made from its rows."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.records import Frame, FrameResult, Summary
from ..support.files import sha256_of
from ..support.progress import Watch, unwatched
from ..video.clip import open_clip
from ..writers.annotated_video import write_annotated_video
from ..writers.annotation_files import write_annotation_files
from ..writers.hiding import HOLD_S, hidden_frames
from ..writers.movie_clock import MovieClock
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import write_json
from ..writers.rows_csv import read_rows
from ..writers.timeline import Timeline, write_timeline
from .slide_show import SlideShow

_DRAWN = ("png", "mp4", "html")


def timeline_of(rows: Iterable[FrameResult], summary: Summary) -> Timeline:
    """The curves of a clip's results."""
    timeline = Timeline(summary.span.stride / summary.source.fps, span=summary.span)
    for result in rows:
        timeline.add(result)
    return timeline


def finish_files(
    folder: OutputFolder, summary: Summary, timeline: Timeline, watch: Watch = unwatched, clip: str | Path | None = None
) -> Summary:
    """Writes all other formats of an entered folder that holds the CSV; the summary with what drawing adds to it.

    clip: where the clip lies, if not where the summary says.
    """
    write_annotation_files(folder, summary)
    write_summary(folder, summary)
    folder.deliver(*(name for name in folder.formats if name not in _DRAWN))
    if any(name in folder.formats for name in _DRAWN):
        summary = _draw(folder, summary, timeline, watch, Path(clip or summary.source.path))
        summary = write_summary(folder, summary)
    return summary


def write_summary(folder: OutputFolder, summary: Summary) -> Summary:
    """Writes the JSON, if it was asked for; the summary with the checksums of the other files in the folder."""
    if "json" not in folder.formats:
        return summary
    written = {FILES[name]: folder.location(name) for name in folder.formats if name != "json"}
    summary = replace(summary, files={name: sha256_of(file) for name, file in written.items() if file.exists()})
    write_json(folder.part("json"), summary, read_rows(folder.location("csv")))
    return summary


def _draw(folder: OutputFolder, summary: Summary, timeline: Timeline, watch: Watch, clip: Path) -> Summary:
    """Makes from the rows the picture of the timelines, the annotated video, the report; the summary with their seconds and warnings."""
    rows, source, clock = folder.location("csv"), summary.source, MovieClock()
    if "html" in folder.formats:
        # Takes longer to import than a short clip to read, and most runs write no page.
        from ..writers.report import Thumbnails, write_report

        thumbnails = Thumbnails(curves.track for curves in timeline.curves())
    if "png" in folder.formats:
        write_timeline(folder.part("png"), summary, timeline)
    if "mp4" in folder.formats:
        begin = time.perf_counter()
        again = _SameFrames(read_rows(rows), source.width, source.height)
        slides = SlideShow(summary.pictures) if source.is_pictures and summary.options.get("fps") is None else None
        with open_clip(clip, summary.span, *(summary.options.get(name) for name in ("fps", "max_pixels"))) as reader:
            frames = watch(again.of(reader), "drawing", summary.frames)
            if slides is not None:
                frames = slides.framed(frames)

            def drawn() -> Iterator[FrameResult]:
                return read_rows(rows) if slides is None else slides.placed(read_rows(rows))

            if how := summary.options.get("hide"):
                # Pictures that have nothing to do with each other hide each its own faces.
                frames = hidden_frames(frames, drawn(), how, HOLD_S if slides is None else 0.0)
            if "html" in folder.formats:
                frames = thumbnails.watch(frames, drawn())
            labels = summary.options.get("labels", True)
            warnings = write_annotated_video(source, frames, drawn(), folder.part("mp4"), summary.span, clock, labels)
        summary = replace(
            summary,
            warnings=[*summary.warnings, *again.warnings, *warnings],
            timings_s=summary.timings_s | {"draw": time.perf_counter() - begin},
        )
    if "html" in folder.formats:
        write_report(folder.part("html"), summary, timeline, thumbnails.jpegs, folder.part("mp4"), FILES["mp4"], clock=clock)
    return summary


class _SameFrames:
    """The frames of a second reading, one for each result of the first: a damaged clip does not decode the same way each time."""

    def __init__(self, rows: Iterable[FrameResult], width: int, height: int):
        self._rows, self._missing = rows, 0
        self._image = np.zeros((height, width, 3), np.uint8)

    def of(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        frames, image = iter(frames), self._image
        frame = next(frames, None)
        for row in self._rows:
            while frame is not None and round(frame.time_s, 6) < row.time_s:
                frame = next(frames, None)
            if frame is not None and round(frame.time_s, 6) == row.time_s:
                image, duration_s, frame = frame.image, frame.duration_s, next(frames, None)
            else:
                self._missing, duration_s = self._missing + 1, None
            yield Frame(row.frame, row.time_s, image, duration_s)

    @property
    def warnings(self) -> list[str]:
        if not self._missing:
            return []
        return [f"{self._missing} frames did not decode a second time: the annotated video repeats the one before."]
