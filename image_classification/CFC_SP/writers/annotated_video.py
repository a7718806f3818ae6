# SPDX-License-Identifier: Apache-2.0
"""The clip with its results drawn on it, as an H.264 MP4 with the clip's own times and sound."""

import itertools
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction

import av
import cv2
import numpy as np

from ..core.records import Frame, FrameResult, Source
from ..core.span import WHOLE, Span
from ..support.errors import NO_ROOM, UserError
from ..support.files import AnonymousFile
from ..support.packets import FILE_OPTIONS
from .movie_clock import LONGEST_GAP_S, MovieClock
from .movie_sound import Sound, ended_early
from .overlay import Overlay

_CLOCK = 90000
# The encoder holds some twenty frames to make few bytes of them: of frames of more pixels it holds none.
_MOST_HELD_PIXELS = 4096 * 2304
# A late start is counted in the movie's time scale, whose default of milliseconds would move every frame.
_MP4 = {"movie_timescale": str(_CLOCK)}


def write_annotated_video(
    source: Source,
    frames: Iterable[Frame],
    results: Iterable[FrameResult],
    target: str | os.PathLike,
    span: Span = WHOLE,
    clock: MovieClock | None = None,
    labels: bool = True,
) -> list[str]:
    """Writes an MP4 to the file `target`: every frame of `frames` with its result drawn on it, unless `labels` are left out, and the
    sound of `source.path`.

    frames: one or more, as a video reader yields them, RGB uint8, as a screen shows them, all of the first one's size; results: one
    for each. Both are read once and in step, so memory does not grow with the clip. The video begins where the clip does: with its
    first frame or with sound before it; of a `span`, whose frames alone are given, at its start. A frame keeps its place in the
    clip's time to 1/90000 s, whether the rate varies or not, but for gaps of more than LONGEST_GAP_S, which are shortened; `clock`
    is told how. Odd sizes gain one repeated column or row. Sound is copied as it is when MP4 players know its codec, and encoded as
    AAC when not. A source that is no file, a folder of pictures or a stream, has none.

    Returns warnings, one sentence each: gaps that were shortened, sound that could not be kept whole. Raises UserError where the
    H.264 encoder does not open or a frame cannot be encoded or written, ValueError where frames and results disagree, OSError where
    `target` cannot be written.
    """
    clock = MovieClock() if clock is None else clock
    target, frames = os.path.abspath(target), iter(frames)
    first = next(frames)
    sound_s = _sound_begins(source)
    begin_s = source.start_s + span.offset_s if span.start_s is not None else first.time_s
    # Sound that comes before the picture belongs to the clip too, but for what containers and encoders put before the first frame.
    early = sound_s is not None and span.start_s is None and 0.1 < begin_s - sound_s < LONGEST_GAP_S
    clock.begin(sound_s if early else begin_s)
    warnings: list[str] = []
    try:
        with ExitStack() as opened:
            # Sound joins when all of the picture is there, so that no fault of it can harm that.
            silent = target if sound_s is None else opened.enter_context(tempfile.TemporaryFile(dir=os.path.dirname(target)))
            _write_picture(silent, source, itertools.chain([first], frames), results, span, clock, labels)
            warnings += clock.warnings()
            if sound_s is not None:
                warnings += _join(silent, source, target, span, clock)
    except av.FFmpegError as fault:
        if isinstance(fault, OSError) and fault.errno in NO_ROOM:
            raise
        raise UserError(
            f"expected to write the annotated video of {source.path!r}, found that FFmpeg fails ({fault.strerror}): "
            "leave mp4 and html out of -formats to do without it"
        ) from fault
    return warnings


def _write_picture(target, source: Source, frames: Iterator[Frame], results, span: Span, clock: MovieClock, labels: bool) -> None:
    """Writes the video without sound to `target`, a name or an open file."""
    pairs = zip(frames, results, strict=True)
    first = next(pairs)
    height, width = first[0].image.shape[:2]
    options = _MP4 | {"movflags": "faststart"} if isinstance(target, str) else _MP4
    with av.open(target, "w", format="mp4", container_options=options) as movie:
        rate = source.fps / span.stride
        stream = _open_encoder(movie, rate, width + width % 2, height + height % 2)
        overlay = Overlay(width, height)
        pts = written = encoded = 0
        for frame, result in itertools.chain([first], pairs):
            if frame.index != result.frame:
                raise ValueError(f"frame {frame.index} came with the result of frame {result.frame}")
            canvas = cv2.copyMakeBorder(frame.image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
            if labels:
                overlay.draw(canvas, result)
            place = max(0, round(clock.frame(frame.time_s) * _CLOCK))
            pts = max(place, pts + 1) if written else place
            written += 1
            shown_s = frame.duration_s if frame.duration_s and span.stride == 1 else 1 / rate
            picture = _picture(canvas, pts, min(shown_s, LONGEST_GAP_S))
            # Large frames are not held while the encoder works and the next one comes.
            del canvas, frame
            encoded += _mux(movie, stream.encode(picture))
            del picture
        encoded += _mux(movie, stream.encode(None))
    if encoded != written:
        raise UserError(
            f"expected to write {written} frames to the annotated video of {source.path!r}, found that the H.264 encoder gave {encoded}: "
            "leave mp4 and html out of -formats to do without it"
        )


def _open_encoder(movie, fps: float, width: int, height: int):
    large = width * height > _MOST_HELD_PIXELS
    # x264's macroblock tree is not reproducible with AVX-512: the last setting has it computed alike on every CPU.
    options = {"preset": "ultrafast", "tune": "zerolatency"} if large else {"preset": "veryfast", "x264-params": "cpu-independent=1"}
    try:
        rate = Fraction(fps).limit_denominator(1001)
        stream = movie.add_stream("libx264", rate=rate, options={"crf": "20", **options})
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, _CLOCK)
        context.sample_aspect_ratio = Fraction(1)
        context.colorspace = context.color_primaries = context.color_trc = av.video.reformatter.Colorspace.ITU709
        context.color_range = av.video.reformatter.ColorRange.MPEG
        context.thread_count = 0
        context.open()
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise UserError(
            f"expected an H.264 encoder (libx264) for {width} x {height} pixels, found that it does not open ({error}): install "
            "the package av from PyPI, or leave mp4 and html out of -formats"
        ) from error
    return stream


def _picture(image: np.ndarray, pts: int, shown_s: float) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(image, format="rgb24")
    picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
    picture.pts, picture.time_base, picture.duration = pts, Fraction(1, _CLOCK), max(1, round(shown_s * _CLOCK))
    return picture


def _mux(movie, packets: Iterable[av.Packet]) -> int:
    """How many packets were written."""
    count = 0
    for packet in packets:
        movie.mux(packet)
        count += 1
    return count


@contextmanager
def _opened_clip(source: Source):
    # FFmpeg gets no name that it could take for a protocol or a format.
    with open(source.path, "rb") as file, av.open(AnonymousFile(file), container_options=FILE_OPTIONS, metadata_errors="replace") as clip:
        yield clip


def _sound_begins(source: Source) -> float | None:
    """The clip's second in which its sound begins; None where there is no sound, or none that can be read."""
    if not os.path.isfile(source.path):
        return None
    try:
        with _opened_clip(source) as clip:
            stream = clip.streams.best("audio")
            if stream is None:
                return None
            return source.start_s if stream.start_time is None else float(stream.start_time * stream.time_base)
    except (av.FFmpegError, OSError):
        return None


def _join(silent, source: Source, target: str, span: Span, clock: MovieClock) -> list[str]:
    """Writes the video `silent`, an open file, to the file `target` with the clip's sound, as far as that can be written."""
    until_s, refused = math.inf, None
    while True:
        warnings, reached = [], [0.0]
        silent.seek(0)
        with ExitStack() as opened:
            picture = opened.enter_context(av.open(AnonymousFile(silent), format="mp4"))
            sound = None
            if until_s > 0:
                sound = Sound(opened.enter_context(_opened_clip(source)), span, source.start_s, clock, warnings, until_s)
            try:
                with av.open(target, "w", format="mp4", container_options=_MP4 | {"movflags": "faststart"}) as movie:
                    _interleave(movie, picture, sound, reached)
                return warnings if refused is None else [*warnings, ended_early(until_s, refused)]
            except (av.FFmpegError, ValueError) as fault:
                if sound is None or (isinstance(fault, OSError) and fault.errno in NO_ROOM):
                    raise
                # The muxer does not tell what it refuses: first all from the last piece on is left out, then all.
                until_s, refused = reached[0] if refused is None else 0.0, fault


def _interleave(movie, picture, sound: Sound | None, reached: list[float]) -> None:
    """Copies the picture's packets and the sound's, in the order of their times; reached[0] is the time of the last of these."""
    shown = picture.streams.video[0]
    track = movie.add_stream_from_template(shown)
    pieces = iter(()) if sound is None else sound.packets(movie)
    waiting = next(pieces, None)
    for packet in picture.demux(shown):
        if not packet.size:
            continue
        time_s = float(packet.dts * packet.time_base)
        while waiting is not None and waiting[0] <= time_s:
            reached[0] = waiting[0]
            movie.mux(waiting[1])
            waiting = next(pieces, None)
        packet.stream = track
        movie.mux(packet)
    while waiting is not None:
        reached[0] = waiting[0]
        movie.mux(waiting[1])
        waiting = next(pieces, None)
