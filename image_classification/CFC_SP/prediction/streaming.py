"""A camera or network stream to files: every frame that there is time for, answered at once, until the stream or the person ends it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import cv2

from ..core.records import Frame, FrameResult, Summary
from ..core.span import WHOLE, Span
from ..core.window import REFERENCE_FPS, scaled_window
from ..inference.live_recognizer import LiveRecognizer
from ..inference.pipeline import Recognizer
from ..support.errors import UserError
from ..support.files import atomic_path
from ..support.interrupts import on_first_interrupt
from ..support.progress import shown
from ..video.stream import StreamReader, stream_name
from ..writers.annotated_video import write_annotated_video
from ..writers.output import OutputFolder
from ..writers.overlay import Overlay
from ..writers.rows_csv import CsvWriter
from ..writers.timeline import Timeline, write_timeline
from .analysis import Options, Run, write_result
from .closing_summary import describe

LATEST = "latest.jpg"
# How often the picture to look at changes, in seconds.
_LATEST_EVERY_S = 0.2


def predict_stream(
    make: Callable[[], Recognizer], words: list[str], root: str, formats: tuple[str, ...], options: Options, resume: bool, verbosity: int
) -> None:
    """Writes the results of the one stream in `words` below `root`, in a folder of its own, and says what was seen.

    make: makes the recognizer, once it is known that all fits together. verbosity: -1 says nothing, 0 a summary, 1 more of it.
    Raises UserError as `analyse_stream`, for several things to look at, and for options that have no meaning for a stream.
    """
    if len(words) > 1:
        raise UserError(f"expected a camera or stream by itself, found {len(words)} things in -video: start one call for each")
    senseless = {"-start": options.span.start_s is not None, "-stride": options.span.stride > 1, "-fps": options.fps is not None}
    senseless |= {"-resume": resume, "-formats html": "html" in formats}
    if found := [name for name, given in senseless.items() if given]:
        raise UserError(f"{found[0]}: expected a file for it, found a camera or stream: leave it out")
    folder = OutputFolder(root, stream_name(words[0]), formats)
    summary = analyse_stream(make(), words[0], folder, options, verbosity < 0)
    if verbosity >= 0:
        print(describe(summary, [*folder.files, folder.path / LATEST], details=verbosity > 0))


def analyse_stream(recognizer: Recognizer, address: str, folder: OutputFolder, options: Options, quiet: bool = True) -> Summary:
    """Looks at the newest frame of the stream at `address` again and again, smoothed over the past alone, and writes the formats
    that `folder`, not yet entered, was made for, as far as they are csv, json, mp4 and png; the files are in `folder.files`.

    Beside them LATEST always holds the latest frame with its results drawn on it. The stream ends by itself, at `options.span`'s
    end, or by Ctrl-C or SIGTERM, which is no error: what was seen is written. Memory does not grow with the stream. Raises UserError
    for a stream that cannot be opened and for an output that cannot be written.
    """
    window = recognizer.bundle.manifest["sp"]["window"] if options.window is None else options.window
    with folder, StreamReader(address) as reader, on_first_interrupt(reader.stop):
        run = Run(recognizer, reader, options)
        timeline = Timeline(run.frame_duration_s)
        live = LiveRecognizer(recognizer, scaled_window(window, REFERENCE_FPS) / REFERENCE_FPS)
        latest: deque[FrameResult] = deque(maxlen=1)
        with CsvWriter(folder.part("csv")) as writer, closing(live):
            frames = _answered(live, run, _until(reader, options.span), latest)
            frames = shown(frames, "live", None, quiet, lambda: _words(latest[0], reader.dropped))
            seen = _watched(frames, latest, writer, timeline, folder)
            if "mp4" in folder.formats:
                # Frames and results in step: a result is there as soon as its frame is.
                run.summary.warnings += write_annotated_video(reader.source, seen, _newest(latest), folder.part("mp4"), WHOLE)
            else:
                deque(seen, maxlen=0)
        summary = run.finish(reader)
        summary.dropped_frames = reader.dropped
        if "png" in folder.formats:
            write_timeline(folder.part("png"), summary, timeline)
        write_result(folder, summary)
    return summary


def _until(frames, span: Span) -> Iterator[Frame]:
    for frame in frames:
        if span.ends_before(frame.time_s):
            return
        yield frame


def _answered(live: LiveRecognizer, run: Run, frames: Iterator[Frame], latest: deque) -> Iterator[Frame]:
    """The frames, each with its result in `latest`."""
    for frame in frames:
        latest.extend(run.counted([live.feed(frame)]))
        yield frame


def _watched(frames, latest: deque, writer: CsvWriter, timeline: Timeline, folder: OutputFolder) -> Iterator[Frame]:
    overlay, shown_at = None, 0.0
    for number, frame in enumerate(frames):
        result = latest[0]
        writer.write(result)
        # To a curve, frames that were dropped are no gap.
        timeline.add(replace(result, frame=number))
        if time.monotonic() - shown_at >= _LATEST_EVERY_S:
            overlay, shown_at = overlay or Overlay(*frame.image.shape[1::-1]), time.monotonic()
            picture = frame.image.copy()
            overlay.draw(picture, result)
            with atomic_path(folder.path / LATEST) as part:
                part.write_bytes(cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
        yield frame


def _newest(latest: deque) -> Iterator[FrameResult]:
    while latest:
        yield latest.popleft()


def _words(result: FrameResult, dropped: int) -> str:
    """What the latest frame shows, for a line on the terminal."""
    faces = ", ".join(f"{face.track}: {face.label} {face.confidence:.0%}" for face in result.faces[:3]) or "no face"
    return f"{faces}; {dropped} dropped" if dropped else faces
