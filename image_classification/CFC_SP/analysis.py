"""One clip from file to files: the pipeline between the reader and the writers."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from .core.records import FrameResult, Source, Summary
from .core.segments import SegmentBuilder
from .core.smoothing import scaled_window
from .device import select_device
from .errors import UserError
from .inference.bundle import open_bundle
from .inference.pipeline import Recognizer
from .video.reader import VideoReader, open_video
from .writers.annotated_video import write_annotated_video
from .writers.output import FILES, OutputFolder
from .writers.result_json import write_json
from .writers.rows_csv import CsvWriter, read_rows
from .writers.timeline import Timeline, write_timeline

DEFAULT_BUNDLE = "lite"


@dataclass(frozen=True)
class VideoResult:
    """What a clip shows: `summary` of the run, `rows` with one FrameResult for every decoded frame."""

    summary: Summary
    rows: list[FrameResult]


def predict_video(
    path: str | Path,
    *,
    bundle: str | Path = DEFAULT_BUNDLE,
    device: str = "auto",
    window: int | None = None,
    min_face: float | None = None,
    engine: str = "paddle",
    precision: str = "auto",
) -> VideoResult:
    """The expressions in the clip at `path`, in memory; nothing is written.

    bundle: a bundle's folder or the name of a shipped one. device: "auto", "cpu" or "gpu". window: SP's, in frames at 30 fps
    (None: the bundle's default, 0: off). min_face: side in px of the smallest face looked for. engine, precision: of the networks, as in
    `inference.engines.network_program`. Raises UserError for bad input.
    """
    recognizer = make_recognizer(bundle, device, min_face, engine, precision)
    with open_video(path) as reader:
        run = _Run(recognizer, reader, window)
        rows = list(run.results(reader))
        return VideoResult(run.finish(reader), rows)


def make_recognizer(
    bundle: str | Path = DEFAULT_BUNDLE,
    device: str = "auto",
    min_face: float | None = None,
    engine: str = "paddle",
    precision: str = "auto",
) -> Recognizer:
    """The recognizer of a bundle on a device; raises UserError for a bundle that is refused, a device or an engine that is not there."""
    if min_face is not None and not 12 <= min_face <= 4096:
        raise UserError(f"-min_face: expected a face's side of 12 to 4096 px, found {min_face}")
    return Recognizer(open_bundle(bundle), select_device(device), min_face, engine, precision)


def analyse_clip(
    recognizer: Recognizer, path: str | Path, folder: OutputFolder, window: int | None = None, progress: bool = True
) -> Summary:
    """Reads the clip at `path` and writes the formats that `folder`, not yet entered, was made for; the files are in `folder.files`.

    The rows go to the CSV as they are decided; JSON, video and report are made from it afterwards, so that memory does not grow with the
    clip. Raises UserError for bad input and for an output that cannot be written; nothing half-written stays.
    """
    folder.check_source(path)
    with folder, open_video(path) as reader:
        run = _Run(recognizer, reader, window)
        timeline = Timeline(1 / reader.source.fps)
        with CsvWriter(folder.part("csv")) as writer:
            for result in timeline.watch(_shown(run.results(reader), reader.source, "reading", progress)):
                writer.write(result)
        summary = run.finish(reader)
        if "html" in folder.formats:
            # Takes longer to import than a short clip to read, and most runs write no page.
            from .writers.report import Thumbnails, write_report

            thumbnails = Thumbnails(curves.track for curves in timeline.curves())
        if "mp4" in folder.formats:
            begin = time.perf_counter()
            with open_video(path) as again:
                frames = _shown(again, reader.source, "drawing", progress)
                if "html" in folder.formats:
                    frames = thumbnails.watch(frames, read_rows(folder.part("csv")))
                summary.warnings += write_annotated_video(reader.source, frames, read_rows(folder.part("csv")), folder.part("mp4"))
            summary.timings_s["draw"] = time.perf_counter() - begin
        if "json" in folder.formats:
            write_json(folder.part("json"), summary, read_rows(folder.part("csv")))
        if "png" in folder.formats:
            write_timeline(folder.part("png"), summary, timeline)
        if "html" in folder.formats:
            write_report(folder.part("html"), summary, timeline, thumbnails.jpegs, folder.part("mp4"), FILES["mp4"])
    return summary


class _Run:
    """The results of one clip on their way, counted into a Summary."""

    def __init__(self, recognizer: Recognizer, reader: VideoReader, window: int | None):
        manifest = recognizer.bundle.manifest
        fps = reader.source.fps
        frames = scaled_window(manifest["sp"]["window"] if window is None else window, fps)
        self._recognizer, self._segments, self._tracks = recognizer, SegmentBuilder(1 / fps), set()
        self._before = dict(recognizer.timings_s)
        self._begin = time.perf_counter()
        self.summary = Summary(reader.source, recognizer.bundle.identity, recognizer.device, recognizer.engine, frames)

    def results(self, reader: Iterable) -> Iterator[FrameResult]:
        summary = self.summary
        for result in self._recognizer.results(reader, summary.window_frames):
            self._segments.add(result)
            summary.frames += 1
            summary.frames_with_faces += bool(result.faces)
            summary.face_rows += len(result.faces)
            for face in result.faces:
                summary.label_counts[face.label] += 1
                self._tracks.add(face.track)
            yield result

    def finish(self, reader: VideoReader) -> Summary:
        summary, recognizer = self.summary, self._recognizer
        summary.tracks = len(self._tracks)
        summary.segments = self._segments.finish()
        summary.damaged_frames = reader.damaged
        summary.warnings += reader.warnings
        summary.engine = recognizer.engine
        if recognizer.fallbacks:
            summary.warnings.append(f"oneDNN failed and was left for {', '.join(recognizer.fallbacks)}, which run slower without it")
        if not summary.face_rows:
            summary.warnings.append(f"no face was found in any of the {summary.frames} frames")
        summary.timings_s = {stage: spent - self._before.get(stage, 0.0) for stage, spent in recognizer.timings_s.items()}
        summary.timings_s["total"] = time.perf_counter() - self._begin
        return summary


def _shown(items: Iterable, source: Source, what: str, progress: bool) -> Iterable:
    """`items` behind a progress bar with frames a second and the time left, where there is a terminal to show it."""
    total = round(source.duration_s * source.fps) if source.duration_s else None
    return tqdm(items, desc=what, total=total, unit=" frames", dynamic_ncols=True, leave=False, disable=None if progress else True)
