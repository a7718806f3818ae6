"""The clip with its results drawn on it, as an H.264 MP4 with the clip's own times and sound."""

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction

import av
import cv2
import numpy as np

from ..core.records import Frame, FrameResult, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from ..support.files import AnonymousFile
from ..support.packets import packets_of
from .overlay import Overlay

_CLOCK = 90000
# What players expect in an MP4: the container would take more (Vorbis, PCM) that many of them cannot play.
_MP4_SOUND = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")


def write_annotated_video(
    source: Source, frames: Iterable[Frame], results: Iterable[FrameResult], target: str | os.PathLike, span: Span = WHOLE
) -> list[str]:
    """Writes an MP4 to the file `target`: every frame of `frames` with its result drawn on it, and the sound of `source.path`.

    frames: one or more, as a video reader yields them, RGB uint8, upright, all of the first one's size; results: one for each.
    Both are read once and in step, so memory does not grow with the clip. A frame keeps its `time_s`, the container's own time,
    to 1/90000 s, whether the rate varies or not; odd sizes gain one repeated column or row. Sound is copied as it is when MP4
    players know its codec, and encoded as AAC when not. Of a `span`, whose frames alone are given, the video begins at its start,
    and has its sound. A source that is no file, a folder of pictures or a stream, has none.

    Returns warnings, one sentence each: sound that could not be kept whole. Raises UserError where the H.264 encoder does not
    open, ValueError where frames and results disagree, OSError where `target` cannot be written.
    """
    warnings: list[str] = []
    pairs = zip(frames, results, strict=True)
    first = next(pairs)
    height, width = first[0].image.shape[:2]
    # A late start is counted in the movie's time scale, whose default of milliseconds would move every frame.
    options = {"movflags": "faststart", "movie_timescale": str(_CLOCK)}
    with ExitStack() as opened:
        clip = None
        if os.path.isfile(source.path):
            # FFmpeg gets no name that it could take for a protocol or a format, and opens nothing that a playlist names.
            file = AnonymousFile(opened.enter_context(open(source.path, "rb")))
            reading = {"container_options": {"protocol_whitelist": "none"}, "metadata_errors": "replace"}
            clip = opened.enter_context(av.open(file, **reading))
        movie = opened.enter_context(av.open(os.path.abspath(target), "w", format="mp4", container_options=options))
        rate = source.fps / span.stride
        stream = _open_encoder(movie, rate, width + width % 2, height + height % 2, _pixel_aspect(clip, source))
        sound = _sound(clip, movie, span, warnings)
        waiting = next(sound, None)
        overlay = Overlay(width, height)
        pts = written = encoded = 0
        for frame, result in itertools.chain([first], pairs):
            if frame.index != result.frame:
                raise ValueError(f"frame {frame.index} came with the result of frame {result.frame}")
            time_s = frame.time_s - span.offset_s
            while waiting is not None and waiting.pts * waiting.time_base <= time_s:
                movie.mux(waiting)
                waiting = next(sound, None)
            canvas = cv2.copyMakeBorder(frame.image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
            overlay.draw(canvas, result)
            pts = round(time_s * _CLOCK) if not written else max(round(time_s * _CLOCK), pts + 1)
            written += 1
            encoded += _mux(movie, stream.encode(_picture(canvas, pts, rate)))
        encoded += _mux(movie, stream.encode(None))
        if waiting is not None:
            _mux(movie, itertools.chain([waiting], sound))
    if encoded != written:
        raise RuntimeError(f"the H.264 encoder took {written} frames and gave {encoded}")
    return warnings


def _open_encoder(movie, fps: float, width: int, height: int, pixel_aspect: Fraction):
    try:
        rate = Fraction(fps).limit_denominator(1001)
        stream = movie.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, _CLOCK)
        context.sample_aspect_ratio = pixel_aspect
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


def _pixel_aspect(clip, source: Source) -> Fraction:
    """Width over height of one pixel as displayed; the container states it for the picture before its rotation."""
    aspect = (clip and clip.streams.best("video").sample_aspect_ratio) or Fraction(1)
    return 1 / aspect if source.rotation % 180 else aspect


def _picture(image: np.ndarray, pts: int, fps: float) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(image, format="rgb24")
    picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
    picture.pts, picture.time_base, picture.duration = pts, Fraction(1, _CLOCK), round(_CLOCK / fps)
    return picture


def _mux(movie, packets: Iterable[av.Packet]) -> int:
    """How many packets were written."""
    count = 0
    for packet in packets:
        movie.mux(packet)
        count += 1
    return count


def _sound(clip, movie, span: Span, warnings: list[str]) -> Iterator[av.Packet]:
    """Adds a sound stream to `movie` where `clip` has one, and returns the packets of `span`, made as they are asked for; their
    times count from its start."""
    stream = clip and clip.streams.best("audio")
    if stream is None:
        return iter(())
    context = stream.codec_context
    if context is None or not context.sample_rate:
        warnings.append("The sound was left out of the annotated video: its codec is not known here.")
        return iter(())
    # MP4 has no place for MP3 of the low rates of old webcams.
    slow_mp3 = context.codec.canonical_name == "mp3" and context.sample_rate < 16000
    if context.codec.canonical_name in _MP4_SOUND and not slow_mp3:
        return _copied(clip, stream, movie.add_stream_from_template(stream), span, warnings)
    rates = av.Codec("aac", "w").audio_rates
    track = movie.add_stream("aac", rate=context.sample_rate if context.sample_rate in rates else 48000)
    track.codec_context.layout = "mono" if context.channels == 1 else "stereo"
    return _encoded(clip, stream, track, span, warnings)


def _packets(clip, stream, span: Span) -> Iterator[av.Packet]:
    if span.start_s:
        with contextlib.suppress(av.FFmpegError):
            # Without an index to seek by, what comes before is read and left out.
            clip.seek(int(span.start_s / stream.time_base), stream=stream)
    return packets_of(clip, stream)


def _placed(item: av.Packet | av.AudioFrame, span: Span) -> bool:
    """Moves a piece of sound so that it counts from the start of `span`; False where it lies before it."""
    if item.pts is None or not span.start_s:
        return True
    shift = round(span.offset_s / item.time_base)
    item.pts -= shift
    if item.dts is not None:
        item.dts -= shift
    return item.pts >= 0


def _is_behind(item: av.Packet | av.AudioFrame, span: Span) -> bool:
    return item.pts is not None and span.ends_before(float(item.pts * item.time_base))


def _copied(clip, stream, track, span: Span, warnings: list[str]) -> Iterator[av.Packet]:
    last = None
    try:
        for packet in _packets(clip, stream, span):
            if _is_behind(packet, span):
                return
            # A packet without a time, or one not after the last, is damage (or the demuxer's end mark), which MP4 does not take.
            if packet.pts is None or packet.dts is None or (last is not None and packet.dts <= last):
                continue
            last = packet.dts
            if _placed(packet, span):
                packet.stream = track
                yield packet
    except av.FFmpegError as error:
        warnings.append(_cut_short(error))


def _encoded(clip, stream, track, span: Span, warnings: list[str]) -> Iterator[av.Packet]:
    damaged = 0
    try:
        for packet in _packets(clip, stream, span):
            if _is_behind(packet, span):
                break
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                damaged += 1
                continue
            for frame in frames:
                if _placed(frame, span):
                    yield from track.encode(frame)
    except av.FFmpegError as error:
        warnings.append(_cut_short(error))
    yield from track.encode(None)
    if damaged:
        warnings.append(f"{damaged} damaged packets of sound are missing in the annotated video.")


def _cut_short(error: av.FFmpegError) -> str:
    return f"The sound of the annotated video ends early: the clip's own is damaged ({error.strerror})."
