# SPDX-License-Identifier: Apache-2.0
"""A clip's sound on its way into the annotated video: copied where players of MP4 know it, encoded as AAC where not.

Whatever is wrong with it ends it with a sentence, and never the video.
"""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain

import av
import numpy as np

from ..core.span import Span
from ..support.packets import packets_of
from .movie_clock import MovieClock

# What players expect in an MP4: the container would take more (Vorbis, PCM) that many of them cannot play.
_MP4_SOUND = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")
# Times are rounded, to milliseconds in some containers; less than this is neither a gap nor a step back.
_ROUNDING_S = 0.1
# A step back by more begins another recording, which goes on where the one before ends.
_NEW_RECORDING_S = 1.0
# In these formats recordings are joined end to end, so that one time may come twice: they are not sought in.
_JOINABLE = ("mpegts", "mpeg")
# What damaged sound may make of PyAV and FFmpeg, beside FFmpeg's own errors: shapes and formats that fit nothing.
_FAULTS = (av.FFmpegError, OSError, ValueError, ArithmeticError, LookupError, TypeError)


class Sound:
    """The sound of an open clip, as packets for one video.

    clip: PyAV's container, just opened; span, origin_s: the part, and the time of the clip's first frame; clock: that of the video,
    whose frames are all known. until_s: the second of the video from which on there is none. `warnings` receives one sentence
    for each thing that is wrong.
    """

    def __init__(self, clip, span: Span, origin_s: float, clock: MovieClock, warnings: list[str], until_s: float):
        self._clip, self._span, self._origin_s, self._clock = clip, span, origin_s, clock
        self._stream, self._warnings, self._until_s = clip.streams.best("audio"), warnings, until_s
        self._reached_s = 0.0
        self._picture = _ContinuousTimes()

    def packets(self, movie) -> Iterator[tuple[float, av.Packet]]:
        """Adds a stream to `movie`, before anything is written to it, and returns its packets, each with its second of the video."""
        context = self._stream.codec_context
        if context is None or not context.sample_rate:
            self._warnings.append("The sound was left out of the annotated video: its codec is not known here.")
            return iter(())
        # MP4 has no place for MP3 of the low rates of old webcams.
        slow_mp3 = context.codec.canonical_name == "mp3" and context.sample_rate < 16000
        if context.codec.canonical_name in _MP4_SOUND and not slow_mp3:
            made = self._copied(movie.add_stream_from_template(self._stream))
        else:
            rates = av.Codec("aac", "w").audio_rates
            track = movie.add_stream("aac", rate=context.sample_rate if context.sample_rate in rates else 48000)
            track.codec_context.layout = "mono" if context.channels == 1 else "stereo"
            made = self._encoded(track)
        return self._guarded(made)

    def _guarded(self, made: Iterator[tuple[float, av.Packet]]) -> Iterator[tuple[float, av.Packet]]:
        try:
            for self._reached_s, packet in made:
                if self._reached_s >= self._until_s:
                    return
                yield self._reached_s, packet
        except _FAULTS as fault:
            self._warnings.append(ended_early(self._reached_s, fault))

    def _read(self) -> Iterator[av.Packet]:
        if self._span.start_s and self._clip.format.name not in _JOINABLE:
            # Without an index to seek by, what comes before is read and left out.
            with suppress(av.FFmpegError):
                self._clip.seek(int((self._origin_s + self._span.start_s) / self._stream.time_base), stream=self._stream)
        picture = self._clip.streams.best("video") if self._clip.format.name in _JOINABLE else None
        for packet in packets_of(self._clip, [self._stream] if picture is None else [self._stream, picture]):
            if packet.stream == self._stream:
                if packet.size:
                    yield packet
            elif packet.dts is not None:
                self._picture.of(*_seconds(packet, packet.dts))

    def _copied(self, track) -> Iterator[tuple[float, av.Packet]]:
        times, last_dts = _ContinuousTimes(), None
        for packet in self._read():
            base = packet.time_base
            stamp = packet.pts if packet.pts is not None else packet.dts
            raw_s, duration_s = _seconds(packet, stamp)
            times.join(self._picture, raw_s)
            clip_s = times.of(raw_s, duration_s)
            if self._span.ends_before(clip_s, self._origin_s):
                return
            movie_s = self._movie_s(clip_s)
            if movie_s is None:
                continue
            pts = round(movie_s / base) if stamp is None else stamp + round((movie_s - raw_s) / base)
            dts = pts if stamp is None or packet.dts is None else packet.dts + pts - stamp
            # One not after the last is damage, which MP4 does not take.
            if last_dts is not None and dts <= last_dts:
                continue
            packet.pts, packet.dts, last_dts = max(pts, dts), dts, dts
            packet.stream = track
            yield movie_s, packet

    def _movie_s(self, clip_s: float) -> float | None:
        """When that time of the clip comes in the video; None where it lies before it or in a gap that is left out."""
        movie_s = self._clock.of(clip_s)
        return None if movie_s is None or movie_s < (0 if self._span.start_s else -_ROUNDING_S) else movie_s

    def _encoded(self, track) -> Iterator[tuple[float, av.Packet]]:
        track.codec_context.open()
        samples, times, resampler, shape = _Samples(track), _ContinuousTimes(), None, None
        for frame in self._decoded():
            ended_s = times.next_s
            raw_s = None if frame.pts is None else float(frame.pts * frame.time_base)
            times.join(self._picture, raw_s)
            clip_s = times.of(raw_s, frame.samples / frame.sample_rate)
            if self._span.ends_before(clip_s, self._origin_s):
                break
            movie_s = self._movie_s(clip_s)
            if movie_s is None:
                shape = None
                continue
            # Rate and channels may change where another recording begins.
            now = frame.format.name, frame.layout.name, frame.sample_rate
            if now != shape or clip_s != ended_s:
                if resampler is not None:
                    yield from samples.take(resampler.resample(None))
                yield from samples.go_to(movie_s)
                shape, resampler = now, av.AudioResampler("fltp", track.codec_context.layout, track.codec_context.sample_rate)
            frame.pts = None
            yield from samples.take(resampler.resample(frame))
        if resampler is not None:
            yield from samples.take(resampler.resample(None))
        yield from samples.finish()

    def _decoded(self) -> Iterator[av.AudioFrame]:
        damaged, context = 0, self._stream.codec_context
        end = av.Packet()
        for packet in chain(self._read(), [end]):
            try:
                frames = context.decode(packet)
            except av.FFmpegError as fault:
                if isinstance(fault, MemoryError):
                    raise
                damaged += packet is not end
                continue
            yield from (frame for frame in frames if frame.sample_rate and frame.samples)
        if damaged:
            self._warnings.append(f"{damaged} damaged packets of sound are missing in the annotated video.")


def _seconds(packet: av.Packet, stamp: int | None) -> tuple[float | None, float]:
    """What a time stamp of a packet says, and how long the packet lasts."""
    return None if stamp is None else float(stamp * packet.time_base), float((packet.duration or 0) * packet.time_base)


class _ContinuousTimes:
    """The clip's seconds of one piece of a stream after another: a recording that begins again goes on where the one before ends.
    next_s: when the last piece ends."""

    def __init__(self):
        self.next_s: float | None = None
        self._shift_s = 0.0

    def join(self, picture: "_ContinuousTimes", raw_s: float | None) -> None:
        """Lies beside the picture in a recording that it has begun, where what comes next is of it: one before may have had no sound."""
        if raw_s is None or picture.next_s is None or picture._shift_s <= self._shift_s:
            return
        here_s, there_s = raw_s + self._shift_s, raw_s + picture._shift_s
        is_of_it = abs(there_s - picture.next_s) < abs(here_s - picture.next_s)
        if is_of_it and (self.next_s is None or there_s > self.next_s - _ROUNDING_S):
            self._shift_s = picture._shift_s

    def of(self, raw_s: float | None, duration_s: float) -> float:
        expected_s = self.next_s
        if expected_s is None:
            time_s = (raw_s or 0.0) + self._shift_s
        elif raw_s is None:
            time_s = expected_s
        else:
            behind_s = expected_s - (raw_s + self._shift_s)
            if behind_s > _NEW_RECORDING_S:
                self._shift_s += behind_s
            time_s = expected_s if behind_s > -_ROUNDING_S else raw_s + self._shift_s
        self.next_s = time_s + duration_s
        return time_s


class _Samples:
    """Samples on their way into the AAC encoder of `track`, in frames of its size that lie where they shall be heard."""

    def __init__(self, track):
        self._track, context = track, track.codec_context
        self._rate, self._size, self._layout = context.sample_rate, context.frame_size, context.layout
        self._held = np.zeros((context.channels, 0), np.float32)
        self._place = self._left_out = 0

    def go_to(self, movie_s: float) -> Iterator[tuple[float, av.Packet]]:
        """What comes next is heard from that second of the video on, or after what was given so far."""
        place, count = round(movie_s * self._rate), self._held.shape[1]
        self._left_out = max(0, -place)
        gap = place - self._place - count
        if gap > 0:
            self._held = np.pad(self._held, ((0, 0), (0, gap if gap < self._size else -count % self._size)))
        yield from self._give()
        if gap >= self._size:
            self._place = place

    def take(self, frames: list[av.AudioFrame]) -> Iterator[tuple[float, av.Packet]]:
        """Takes frames in the encoder's format, and gives the packets that are done."""
        for frame in frames:
            samples = frame.to_ndarray()[:, self._left_out :]
            self._left_out = max(0, self._left_out - frame.samples)
            self._held = np.concatenate([self._held, samples], axis=1)
            yield from self._give()

    def finish(self) -> Iterator[tuple[float, av.Packet]]:
        """The last packets."""
        if self._held.shape[1]:
            self._held = np.pad(self._held, ((0, 0), (0, -self._held.shape[1] % self._size)))
        yield from self._give()
        yield from self._timed(None)

    def _give(self) -> Iterator[tuple[float, av.Packet]]:
        while self._held.shape[1] >= self._size:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(self._held[:, : self._size]), "fltp", self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._place, Fraction(1, self._rate)
            self._held = self._held[:, self._size :]
            self._place += self._size
            yield from self._timed(frame)

    def _timed(self, frame: av.AudioFrame | None) -> Iterator[tuple[float, av.Packet]]:
        for packet in self._track.encode(frame):
            yield float(packet.pts * packet.time_base), packet


def ended_early(movie_s: float, fault: Exception) -> str:
    """What to tell where the sound of the video ends at that second for that fault."""
    said = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
    return f"The sound of the annotated video ends at {movie_s:.1f} s: the clip's own is damaged or of an unknown kind ({said})."
