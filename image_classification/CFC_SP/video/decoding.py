# SPDX-License-Identifier: Apache-2.0
"""Packets -> decoded pictures, so that damage costs what it must and nothing beside it."""

from collections import deque
from collections.abc import Iterator

import av

from ..support.errors import UserError
from ..support.packets import packets_of
from .container import decoder_options, encrypted, reading_failed

# A demuxer that fails this often without giving a packet in between will not recover.
MAX_DEMUX_FAILURES = 16
# Of these codecs each packet gives one frame, and a frame marked as key needs none before it. VP8 hides frames, Xvid packs two
# into a packet, and a GIF's frame shows what those before it left.
COUNTABLE = ("h264", "hevc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "ffv1")
# Frame threads hold frames of their own each: with larger ones they would take gigabytes.
MOST_THREADED_PIXELS = 4096 * 2304
# Containers round their durations and leave out a last frame's own; only a larger gap means a lost end.
END_SLACK_S = 1.0


class DamageMet(Exception):
    """The first sign of damage while threads decode: they lose frames around it, so that one thread must decode it again."""


class Decoder:
    """Iterates once over the pictures of a stream, with threads or as FFmpeg's own tools do, with one.

    damaged: packets and frames found damaged so far; at the end, those too of which FFmpeg gave nothing and said nothing. packets_read:
    those that held something. Threads raise DamageMet at the first sign of damage; the pictures before it are whole. Raises UserError
    where reading the file itself fails and where it is encrypted.
    """

    def __init__(self, container, stream, shown: str, threaded: bool, most_pixels: int):
        self.damaged = self.packets_read = 0
        self._container, self._stream, self._shown = container, stream, shown
        context = stream.codec_context
        self._countable = context.codec.canonical_name in COUNTABLE
        self._threaded = threaded and context.width * context.height <= MOST_THREADED_PIXELS
        context.thread_type = "AUTO" if self._threaded and self._countable else "SLICE"
        if not self._threaded:
            context.thread_count = 1
        # A stream may say of itself that it is larger than its container does.
        context.options = {**context.options, **decoder_options(most_pixels)}
        self._packets, self._read_ahead = self._demux(), deque()

    def look_ahead(self, most: int, most_bytes: int) -> list[av.Packet]:
        """The first packets, up to so many or so many bytes, which are decoded all the same. To be called before iterating."""
        size = 0
        while len(self._read_ahead) < most and size < most_bytes and (packet := next(self._packets, None)) is not None:
            self._read_ahead.append(packet)
            size += packet.size
        return list(self._read_ahead)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        waiting, unseen = 0, _Unseen()
        while (packet := self._read_ahead.popleft() if self._read_ahead else next(self._packets, None)) is not None:
            if packet.has_sidedata("encryption_info"):
                # What comes of it may look like a picture.
                raise UserError(encrypted(self._shown))
            self.packets_read += 1
            if packet.is_corrupt:
                self._note_damage()
            # What an edit list leaves out gives no picture.
            waiting += not packet.is_discard
            unseen.expect(packet)
            for picture in self._decoded(packet):
                waiting -= 1
                unseen.meet(picture)
                yield picture
        end = av.Packet()
        end.time_base = self._stream.time_base
        rest = self._decoded(end)
        # What fails behind threads at the end is told by nothing but the frames that do not come.
        if self._threaded and self._countable and len(rest) < waiting:
            raise DamageMet
        for picture in rest:
            unseen.meet(picture)
            yield picture
        if self._countable:
            self.damaged = max(self.damaged, unseen.count())

    def _decoded(self, packet: av.Packet) -> list[av.VideoFrame]:
        try:
            pictures = self._stream.codec_context.decode(packet)
        except av.FFmpegError as fault:
            # FFmpeg reports damage through many error numbers; want of memory is the machine's fault and not the clip's.
            if isinstance(fault, MemoryError):
                raise
            self._note_damage()
            return []
        for picture in pictures:
            if picture.is_corrupt:
                self._note_damage(counted=not packet.is_corrupt)
        return pictures

    def _note_damage(self, counted: bool = True) -> None:
        if self._threaded:
            raise DamageMet
        self.damaged += counted

    def _demux(self) -> Iterator[av.Packet]:
        """The packets that hold something: an empty one repeats the picture before it, as in Theora, or ends the stream."""
        failures, demuxer = 0, packets_of(self._container, self._stream)
        while failures < MAX_DEMUX_FAILURES:
            try:
                packet = next(demuxer, None)
            except av.FFmpegError:
                # Want of memory is damage too here: a table's entry that makes a packet of gigabytes.
                self.damaged += 1
                failures += 1
                demuxer = packets_of(self._container, self._stream)
                continue
            except OSError as fault:
                raise reading_failed(self._shown, fault) from fault
            if packet is None:
                return
            failures = 0
            if packet.size:
                yield packet


class _Unseen:
    """The packets of which no picture came, by their times; those in front of the first picture are what a cut leaves, and no damage."""

    def __init__(self):
        self._times, self._first, self._in_fields = set(), None, False

    def expect(self, packet: av.Packet) -> None:
        if packet.pts is not None and not packet.is_discard:
            self._times.add(packet.pts)

    def meet(self, picture: av.VideoFrame) -> None:
        # Two packets may hold a field each.
        self._in_fields = self._in_fields or picture.interlaced_frame
        self._times.discard(picture.pts)
        self._first = picture.pts if self._first is None else self._first

    def count(self) -> int:
        """How many those are."""
        return 0 if self._in_fields or self._first is None else sum(time > self._first for time in self._times)


def lost_at_end(decoder: Decoder, stream, fps: float, last_end_s: float | None) -> int:
    """How many frames the container announces and does not hold. last_end_s: when the last frame ends, in the container's time."""
    if stream.frames:
        return max(0, len(stream.index_entries) - decoder.packets_read)
    announced_s = announced_duration_s(stream)
    if announced_s is None or last_end_s is None:
        return 0
    # Some containers count from the stream's first frame, others from the time 0.
    start_s = float((stream.start_time or 0) * stream.time_base)
    lost_s = announced_s - max(last_end_s, last_end_s - start_s)
    return round(lost_s * fps) if lost_s > END_SLACK_S else 0


def announced_duration_s(stream) -> float | None:
    """How long the container says that the stream is, in seconds."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    # Matroska keeps a stream's duration in a tag, as hours:minutes:seconds; the container's own would count the sound too.
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = map(float, parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
