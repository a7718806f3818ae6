"""One clip from file to files: the pipeline between the reader and the writers."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.records import Frame, FrameResult, Summary
from ..core.segments import SegmentBuilder
from ..core.span import WHOLE, Span, seconds_of
from ..core.window import scaled_window
from ..inference.pipeline import Recognizer
from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.progress import shown
from ..video.clip import open_clip
from ..video.pictures import PictureReader
from ..video.reader import VideoReader
from ..video.stream import StreamReader
from ..writers.annotated_video import write_annotated_video
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import write_json
from ..writers.rows_csv import COLUMNS, CsvWriter, read_rows, row_values
from ..writers.timeline import Timeline, write_timeline
from .recognizers import DEFAULT_BUNDLE, make_recognizer


@dataclass(frozen=True)
class Options:
    """How a clip is looked at. window: SP's, in frames at 30 fps (None: the bundle's default, 0: off). min_face: side in px of the
    smallest face looked for (None: the bundle's). span: the frames looked at. fps: the rate of a folder of pictures (None: 30).
    engine, precision: what was asked of the networks."""

    window: int | None = None
    min_face: float | None = None
    span: Span = WHOLE
    fps: float | None = None
    engine: str = "paddle"
    precision: str = "auto"

    def as_dict(self) -> dict:
        """What a result says of them."""
        given = {name: getattr(self, name) for name in ("window", "min_face", "fps", "engine", "precision")}
        return given | self.span.as_dict()


@dataclass(frozen=True)
class VideoResult:
    """What a clip shows: `summary` of the run, `rows` with one FrameResult for every frame looked at."""

    summary: Summary
    rows: list[FrameResult]

    def to_pandas(self):
        """The rows of frames.csv as a pandas DataFrame: its columns, its rounding, missing values where a frame has no face.

        Raises UserError where pandas, which nothing else needs, is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UserError("to_pandas() needs pandas, found none: pip install pandas, or read frames.csv") from None
        return pandas.DataFrame([values for result in self.rows for values in row_values(result)], columns=list(COLUMNS))


def predict_video(
    path: str | Path,
    *,
    bundle: str | Path = DEFAULT_BUNDLE,
    device: str = "auto",
    window: int | None = None,
    min_face: float | None = None,
    start: float | str | None = None,
    end: float | str | None = None,
    stride: int = 1,
    fps: float | None = None,
    engine: str = "paddle",
    precision: str = "auto",
) -> VideoResult:
    """The expressions in the video file or folder of pictures at `path`, in memory; nothing is written.

    bundle: a bundle's folder or the name of a shipped one. device: "auto", "cpu" or "gpu". window: SP's, in frames at 30 fps
    (None: the bundle's default, 0: off). min_face: side in px of the smallest face looked for. start, end: seconds or "h:mm:ss" of
    media time; stride: every how many frames one is looked at. fps: pictures a second of a folder. engine, precision: of the
    networks, as in `inference.engines.network_program`. Raises UserError for bad input.
    """
    options = Options(window, min_face, span_of(start, end, stride), fps, engine, precision)
    # Closed at once: a process that waited to be collected as garbage would be one more for every call.
    with (
        closing(make_recognizer(bundle, device, min_face, engine, precision)) as recognizer,
        open_clip(path, options.span, fps) as reader,
    ):
        run = Run(recognizer, reader, options)
        rows = list(run.results(reader))
        return VideoResult(run.finish(reader), rows)


def span_of(start: float | str | None, end: float | str | None, stride: int) -> Span:
    """The part that is asked for, with times in seconds or as "h:mm:ss"; raises UserError where there is none such."""
    return Span(*(None if time is None else seconds_of(time) for time in (start, end)), stride)


def analyse_clip(
    recognizer: Recognizer, path: str | Path, folder: OutputFolder, options: Options | None = None, quiet: bool = True
) -> Summary:
    """Reads the clip at `path` and writes the formats that `folder`, not yet entered, was made for; the files are in `folder.files`.

    The rows go to the CSV as they are decided; CSV and JSON are delivered before video, picture and report, which are made from the
    CSV and a second reading, so that nothing decoded is lost when those fail. Memory does not grow with the clip. Raises UserError
    for bad input and for an output that cannot be written; nothing half-written stays. Unless `quiet`, progress is shown.
    """
    options = options or Options()
    folder.check_source(path)
    with folder, open_clip(path, options.span, options.fps) as reader:
        run = Run(recognizer, reader, options)
        timeline = Timeline(run.frame_duration_s, span=options.span)
        passed = timeline.watch(shown(run.results(reader), "reading", run.expected_frames, quiet))
        # Closed before the clip is, which a thread decodes.
        with CsvWriter(folder.part("csv")) as writer, closing(passed):
            for result in passed:
                writer.write(result)
        summary = run.finish(reader)
        write_result(folder, summary)
        folder.deliver("csv", "json")
        if set(folder.formats) - {"csv", "json"}:
            _draw(folder, summary, timeline, path, options, quiet)
            write_result(folder, summary)
    return summary


def _draw(folder: OutputFolder, summary: Summary, timeline: Timeline, path: str | Path, options: Options, quiet: bool) -> None:
    """What is made from the rows: the picture of the timelines, the annotated video, the report."""
    rows = folder.whereabouts("csv")
    if "html" in folder.formats:
        # Takes longer to import than a short clip to read, and most runs write no page.
        from ..writers.report import Thumbnails, write_report

        thumbnails = Thumbnails(curves.track for curves in timeline.curves())
    if "png" in folder.formats:
        write_timeline(folder.part("png"), summary, timeline)
    if "mp4" in folder.formats:
        begin = time.perf_counter()
        with open_clip(path, options.span, options.fps) as again:
            frames = shown(_as_before(again, read_rows(rows), summary), "drawing", summary.frames, quiet)
            if "html" in folder.formats:
                frames = thumbnails.watch(frames, read_rows(rows))
            summary.warnings += write_annotated_video(summary.source, frames, read_rows(rows), folder.part("mp4"), options.span)
        summary.timings_s["draw"] = time.perf_counter() - begin
    if "html" in folder.formats:
        write_report(folder.part("html"), summary, timeline, thumbnails.jpegs, folder.part("mp4"), FILES["mp4"])


def _as_before(frames: Iterable[Frame], rows: Iterable[FrameResult], summary: Summary) -> Iterator[Frame]:
    """The frames of a second reading, one for each result of the first: a damaged clip does not decode the same way each time."""
    frames = iter(frames)
    frame, missing = next(frames, None), 0
    image = np.zeros((summary.source.height, summary.source.width, 3), np.uint8)
    for row in rows:
        while frame is not None and round(frame.time_s, 6) < row.time_s:
            frame = next(frames, None)
        if frame is not None and round(frame.time_s, 6) == row.time_s:
            image, frame = frame.image, next(frames, None)
        else:
            missing += 1
        yield Frame(row.frame, row.time_s, image)
    if missing:
        summary.warnings.append(f"{missing} frames did not decode a second time: the annotated video repeats the one before.")


def write_result(folder: OutputFolder, summary: Summary) -> None:
    """Writes the JSON, if it was asked for, of what else is in the folder."""
    if "json" in folder.formats:
        summary.files = {
            FILES[name]: sha256_of(file) for name in folder.formats if name != "json" and (file := folder.whereabouts(name)).exists()
        }
        write_json(folder.part("json"), summary, read_rows(folder.whereabouts("csv")))


class Run:
    """The results of one clip or stream on their way, counted into a Summary."""

    def __init__(self, recognizer: Recognizer, reader: VideoReader | PictureReader | StreamReader, options: Options):
        manifest, source = recognizer.bundle.manifest, reader.source
        fps = source.fps / options.span.stride
        self.frame_duration_s = 1 / fps
        self.expected_frames = options.span.frames(source.duration_s, source.fps)
        frames = scaled_window(manifest["sp"]["window"] if options.window is None else options.window, fps)
        self._recognizer, self._segments, self._tracks = recognizer, SegmentBuilder(self.frame_duration_s), set()
        self._before = recognizer.timings_s
        self._begin = time.perf_counter()
        self.summary = Summary(source, recognizer.bundle.identity, "", "", frames)
        self.summary.span, self.summary.options = options.span, options.as_dict()

    def results(self, reader: Iterable) -> Iterator[FrameResult]:
        """The recognizer's results for the frames of `reader`, counted."""
        return self.counted(self._recognizer.results(reader, self.summary.window_frames))

    def counted(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """`results` as they are, each counted on its way."""
        summary = self.summary
        for result in results:
            self._segments.add(result)
            summary.frames += 1
            summary.frames_with_faces += bool(result.faces)
            summary.face_rows += len(result.faces)
            for face in result.faces:
                summary.label_counts[face.label] += 1
                self._tracks.add(face.track)
            yield result

    def finish(self, reader: VideoReader | PictureReader | StreamReader) -> Summary:
        """The summary, whole."""
        summary, recognizer = self.summary, self._recognizer
        summary.tracks = len(self._tracks)
        summary.segments = self._segments.finish()
        summary.damaged_frames = reader.damaged
        summary.warnings += reader.warnings
        summary.device, summary.engine = recognizer.programs.device, recognizer.programs.engine
        if recognizer.programs.fell_back:
            summary.warnings.append("oneDNN failed and was left; the networks run slower without it")
        if recognizer.bundle.is_random:
            summary.warnings.append(f"the weights of bundle {recognizer.bundle.manifest['name']} are random: its labels mean nothing")
        if not summary.face_rows:
            summary.warnings.append("no face was found in any frame")
        summary.timings_s = {stage: spent - self._before.get(stage, 0.0) for stage, spent in recognizer.timings_s.items()}
        summary.timings_s["total"] = time.perf_counter() - self._begin
        return summary
