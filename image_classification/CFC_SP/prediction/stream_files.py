# SPDX-License-Identifier: Apache-2.0
"""A camera or network stream to files: every frame that there is time for, until the stream or the person ends it."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import tee
from types import MappingProxyType

import cv2

from ..core.records import Frame, FrameResult, Source, Summary
from ..core.span import WHOLE, Span
from ..core.window import REFERENCE_FPS, scaled_window
from ..support.errors import UserError
from ..support.files import atomic_path
from ..support.interrupts import on_first_interrupt
from ..support.progress import shown
from ..video.stream import StreamReader, stream_name
from ..writers.annotated_video import write_annotated_video
from ..writers.annotation_files import write_annotation_files
from ..writers.hiding import hidden_pairs
from ..writers.output import FILES, OutputFolder
from ..writers.overlay import Overlay
from ..writers.timeline import Timeline, write_timeline
from .closing_summary import describe
from .live_output import LiveOutput
from .options import ClipOptions
from .recognizer import Recognizer
from .recording import LATEST, Recording, finish_left_recordings
from .result_files import write_summary
from .stream_session import StreamSession
from .summary_builder import SummaryBuilder

# How often the picture to look at changes, in seconds.
_LATEST_EVERY_S = 0.2


def write_stream(
    load: Callable[[], Recognizer],
    words: list[str],
    root: str,
    formats: tuple[str, ...],
    options: ClipOptions,
    verbosity: int = 0,
    of_files: Mapping[str, bool] = MappingProxyType({}),
    live: LiveOutput | None = None,
) -> None:
    """Writes the results of the one stream in `words` below `root`, in a folder of its own, and says what was seen.

    load: makes the recognizer, once it is known that all fits together. verbosity: -1 says nothing, 0 a summary, 1 more of it.
    of_files: by name, whether options were given that have a meaning for files alone. live: takes the results as
    they are decided. Raises UserError as `record`, for several things to look at, and for options that have no meaning for a stream.
    """
    if len(words) > 1:
        raise UserError(f"expected a single camera or stream, found {len(words)} names in -video: start one call for each")
    senseless = {"-start": options.span.start_s is not None, "-stride": options.span.stride > 1, "-fps": options.fps is not None}
    senseless |= {"-search": options.search != "auto", "-formats html": "html" in formats, **of_files}
    if found := [name for name, given in senseless.items() if given]:
        raise UserError(f"{found[0]}: expected a file, found a camera or stream: leave it out")
    finish_left_recordings(root)
    folder = OutputFolder.new(root, stream_name(words[0]), formats)
    with load() as recognizer:
        summary = record(recognizer, words[0], folder, options, verbosity < 0, live)
    if verbosity >= 0:
        print(describe(summary, [*folder.files, folder.path / LATEST], details=verbosity > 0))


def record(
    recognizer: Recognizer, address: str, folder: OutputFolder, options: ClipOptions, quiet: bool = True, live: LiveOutput | None = None
) -> Summary:
    """Looks at the newest frame of the stream at `address` again and again, smoothed over the past and over the lag, and writes the formats
    that `folder`, not yet entered, was made for, as far as they are csv, json, mp4 and png; the files are in `folder.files`.

    Beside them LATEST always holds the latest frame with its results drawn on it, or where faces are hidden, that of two seconds ago. The
    stream ends by itself, at `options.span`'s end, or by Ctrl-C or SIGTERM, or where nobody reads `live` any more, none of which is an
    error: what was seen is written. Memory does not grow with the stream. Raises UserError for a stream that cannot be opened and for an
    output that cannot be written.
    """
    window_s = None if options.window is None else scaled_window(options.window, REFERENCE_FPS) / REFERENCE_FPS
    # The networks are ready before the stream begins, so that no frame waits for them.
    with (
        folder,
        recognizer.stream(window_s, options.smoothing, options.prior, options.lag) as session,
        StreamReader(address, options.max_pixels) as reader,
        on_first_interrupt(reader.stop),
    ):
        source = reader.source
        counts = SummaryBuilder(source, options.span)
        asked = recognizer.asked(options) | {"lag": options.lag}
        summarise = partial(session.summarise, counts, reader, asked)
        timeline, warnings = Timeline(counts.frame_duration_s), []
        if not quiet:
            print(f"Rows are added to {folder.part('csv')} as they come; in the end it becomes {FILES['csv']}.", file=sys.stderr)
        with Recording(folder, summarise()) as recording:

            def told(result: FrameResult) -> None:
                recording.write(result)
                if live is not None:
                    live.write(folder.path.name, result)
                    if not live.is_open:
                        reader.stop()

            try:
                answered = _answered(session, _until(reader, options.span), counts, told, timeline)
                answered = shown(answered, "live", None, quiet, lambda: _words(counts.latest, reader.dropped))
                if options.hide:
                    answered = hidden_pairs(answered, options.hide)
                warnings += _draw(source, _pictured(answered, folder, options.labels), folder, options.labels)
            finally:
                # Rows cannot be recorded again: whatever ends the recording, those that are there get their final names.
                summary = summarise()
                summary = replace(summary, warnings=[*summary.warnings, *warnings])
                recording.end(summary)
            summary = replace(summary, warnings=[*summary.warnings, *recording.warnings])
        if "png" in folder.formats:
            write_timeline(folder.part("png"), summary, timeline)
        write_annotation_files(folder, summary)
        return write_summary(folder, summary)


def _until(frames, span: Span) -> Iterator[Frame]:
    for frame in frames:
        if span.ends_before(frame.time_s):
            return
        yield frame


def _answered(
    session: StreamSession, frames: Iterator[Frame], counts: SummaryBuilder, told: Callable[[FrameResult], None], timeline: Timeline
) -> Iterator[tuple[Frame, FrameResult]]:
    """The frames, each with its result, which is counted and told."""
    for number, (frame, result) in enumerate(session.follow_frames(frames)):
        counts.add(result)
        told(result)
        # To a curve, frames that were dropped are no gap.
        timeline.add(replace(result, frame=number))
        yield frame, result


def _pictured(pairs: Iterator[tuple[Frame, FrameResult]], folder: OutputFolder, labels: bool) -> Iterator[tuple[Frame, FrameResult]]:
    """The pairs as they are; some times a second one of them is drawn to LATEST."""
    overlay, drawn_at = None, 0.0
    for frame, result in pairs:
        if time.monotonic() - drawn_at >= _LATEST_EVERY_S:
            overlay, drawn_at = overlay or Overlay(*frame.image.shape[1::-1]), time.monotonic()
            picture = frame.image.copy()
            if labels:
                overlay.draw(picture, result)
            # A picture to look at is not worth a recording.
            with suppress(OSError), atomic_path(folder.path / LATEST) as part:
                part.write_bytes(cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
        yield frame, result


def _draw(source: Source, pairs: Iterator[tuple[Frame, FrameResult]], folder: OutputFolder, labels: bool) -> list[str]:
    """Takes all pairs, and draws them to the annotated video where that was asked for; returns warnings. A movie that fails is left out,
    and the recording goes on."""
    if "mp4" not in folder.formats:
        deque(pairs, maxlen=0)
        return []
    fault: list[BaseException] = []
    frames, results = _unzipped(_remembering(pairs, fault))
    try:
        warnings = write_annotated_video(source, frames, results, folder.part("mp4"), WHOLE, None, labels)
        if folder.part("mp4").is_file():
            return warnings
        folder.leave_out("mp4")
        return [*warnings, "The annotated video was left out: its folder was removed while it was written."]
    except (UserError, OSError) as error:
        if fault:
            raise
        folder.leave_out("mp4")
        deque(pairs, maxlen=0)
        return [f"The annotated video was left out: {error}"]


def _remembering(pairs: Iterator[tuple[Frame, FrameResult]], fault: list[BaseException]) -> Iterator[tuple[Frame, FrameResult]]:
    """The pairs as they are; what they raise is in `fault`, too, so that it can be told from what their reader raises."""
    iterator = iter(pairs)
    while True:
        try:
            pair = next(iterator)
        except StopIteration:
            return
        except BaseException as error:
            fault.append(error)
            raise
        yield pair


def _unzipped(pairs: Iterator[tuple[Frame, FrameResult]]) -> tuple[Iterator[Frame], Iterator[FrameResult]]:
    """The frames and the results of pairs, to be read in step: one pair is held at most."""
    left, right = tee(pairs)
    return (frame for frame, _ in left), (result for _, result in right)


def _words(result: FrameResult, dropped: int) -> str:
    """What the latest frame shows, for a line on the terminal."""
    faces = ", ".join(f"{face.track}: {face.label} {face.confidence:.0%}" for face in result.faces[:3]) or "no face"
    return f"{faces}; {dropped} dropped" if dropped else faces
