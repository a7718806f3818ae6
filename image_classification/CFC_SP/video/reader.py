"""Video file -> frames in presentation order, through PyAV (FFmpeg)."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Self

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from ..core.records import Frame, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from ..support.packets import packets_of
from .container import check_size, frame_rate, open_container, open_file, pick_stream, reading_failed
from .seeking import find_landing

# A demuxer that fails this often without giving a packet in between will not recover.
MAX_DEMUX_FAILURES = 16
# Containers round their durations and leave out a last frame's own; only a larger gap means a lost end.
END_SLACK_S = 1.0


def open_video(path: str | os.PathLike, span: Span = WHOLE) -> "VideoReader":
    """A reader of the local file `path`, whatever its name looks like; use it in a `with` block. span: the part that is wanted.

    Raises UserError where the path is no readable, non-empty file, where it is no video that FFmpeg knows, where an MP4 lacks
    its index, where there is no video stream or no frame that decodes, and where a frame has more than
    container.MAX_PIXELS pixels.
    """
    return VideoReader(path, span)


class VideoReader:
    """Iterates once over a clip's frames as records.Frame: index 0, 1, ..., HWC RGB uint8 images turned upright.

    With a `span` it gives that part's frames alone, under the indices and times that they have in the whole clip. Where the
    container tells frames apart it begins to decode at the last key frame before them; damage before that goes unseen.

    `time_s` is the frame's own time stamp as the container gives it (a clip whose video starts late starts late here too);
    times increase strictly: a frame without a stamp, or with one not after the frame before, comes 1 / fps after that frame.
    Pixels are not stretched where the container says that they are not square. Frames of another size than the first are
    resized to it, with a warning.

    source: records.Source. damaged: packets and frames found damaged or missing so far. warnings: sentences for the user.
    Decoding goes on after a damaged packet; a clip with a lost end gives what it holds. Only one frame is held at a time.
    Iterating raises UserError where reading the file itself fails half-way (a disk or network fault), and where the span holds
    no frame.
    """

    def __init__(self, path: str | os.PathLike, span: Span = WHOLE):
        self.warnings: list[str] = []
        self._path = os.fspath(path)
        self._shown = repr(os.fsdecode(self._path))
        self._last_time_s = self._last_end_s = None
        self._span = span
        # A frame's own would be prepared anew each time, which takes most of the time of small ones.
        self._reformatter = VideoReformatter()
        self._opened, self._closed = ExitStack(), False
        self._reading = threading.Lock()
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, once a frame that another thread is decoding is done; harmless when done twice."""
        with self._reading:
            self._closed = True
            self._opened.close()

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames()
        while True:
            with self._reading:
                # FFmpeg crashes on a file that is closed under it, as by Ctrl-C while a thread decodes.
                frame = None if self._closed else next(frames, None)
            if frame is None:
                return
            yield frame

    def _frames(self) -> Iterator[Frame]:
        index, picture = self._begin()
        self._first, inside = None, 0
        while picture is not None:
            time_s = self._time_of(picture)
            if self._span.ends_before(time_s):
                break
            if not self._span.begins_after(time_s):
                if inside % self._span.stride == 0:
                    yield Frame(index, time_s, self._upright_rgb(picture))
                inside += 1
            index, picture = index + 1, next(self._decoded, None)
        self._note_damage()
        if not inside:
            raise nothing_within(self._span, self._shown, self._last_time_s)

    def _open(self) -> None:
        with ExitStack() as opened:
            file = opened.enter_context(open_file(self._path))
            self._container = opened.enter_context(open_container(file, self._shown))
            self._stream = pick_stream(self._container, self._shown)
            self._stream.thread_type = "AUTO"
            self.damaged = 0
            self._decoded = self._decode()
            self._first = self._decode_first()
            self.source = self._describe(self._first)
            self._opened = opened.pop_all()

    def _begin(self) -> tuple[int, av.VideoFrame | None]:
        """The frame to begin with, and its index: the first, or that of the key frame before the span."""
        landing = self._find_landing() if self._span.start_s is not None else None
        if landing is None:
            return 0, self._first
        picture = None
        # A damaged index cannot be sought in.
        with suppress(av.FFmpegError):
            self._container.seek(landing.time, stream=self._stream)
            self._decoded = self._decode()
            picture = next(self._decoded, None)
        index = landing.index_of(picture.pts) if picture is not None and picture.pts is not None and picture.key_frame else None
        if index is not None and self._span.begins_after(picture.time):
            self._packets_read += landing.packets_before(picture.pts)
            return index, picture
        # Some containers have no index to seek by. Not by close(), which waits for the frame that is being read: this one.
        self._opened.close()
        self._open()
        return 0, self._first

    def _find_landing(self):
        with open_file(self._path) as file, open_container(file, self._shown) as container:
            try:
                return find_landing(container, container.streams[self._stream.index], self._span)
            except av.FFmpegError:
                return None
            except OSError as fault:
                raise reading_failed(self._shown, fault) from fault

    def _packets(self) -> Iterator[av.Packet]:
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
            yield packet

    def _decode(self) -> Iterator[av.VideoFrame]:
        self._packets_read = 0
        for packet in self._packets():
            self._packets_read += packet.size > 0
            # A cut packet given to FFmpeg's frame threads makes them lose whole frames before it.
            if packet.size and packet.is_corrupt:
                self.damaged += 1
                continue
            try:
                pictures = packet.decode()
            except av.FFmpegError as fault:
                # FFmpeg reports damage through many error numbers; want of memory is the machine's fault and not the clip's.
                if isinstance(fault, MemoryError):
                    raise
                self.damaged += 1
                continue
            for picture in pictures:
                self.damaged += picture.is_corrupt
                yield picture
        self.damaged += self._missing_at_end()

    def _decode_first(self) -> av.VideoFrame:
        picture = next(self._decoded, None)
        if picture is None:
            raise UserError(
                f"expected at least one frame that decodes, found none in {self._shown}: "
                "the file is damaged or holds no pictures, so copy or convert it again."
            )
        return picture

    def _missing_at_end(self) -> int:
        """How many frames the container announces and does not hold."""
        if self._stream.frames:
            return max(0, len(self._stream.index_entries) - self._packets_read)
        announced_s = self._announced_duration_s()
        if announced_s is None or self._last_end_s is None:
            return 0
        lost_s = announced_s - self._last_end_s
        return round(lost_s * self.source.fps) if lost_s > END_SLACK_S else 0

    def _announced_duration_s(self) -> float | None:
        if self._stream.duration:
            return float(self._stream.duration * self._stream.time_base)
        # Matroska keeps a stream's duration in a tag, as hours:minutes:seconds; the container's own would count the sound too.
        parts = self._stream.metadata.get("DURATION", "").split(":")
        try:
            hours, minutes, seconds = map(float, parts)
        except ValueError:
            return None
        return hours * 3600 + minutes * 60 + seconds

    def _describe(self, picture: av.VideoFrame) -> Source:
        self._decoded_size = picture.width, picture.height
        self._quarter_turns = round(picture.rotation / 90) % 4
        width, height = self._decoded_size[:: -1 if self._quarter_turns % 2 else 1]
        container_s = None if self._container.duration is None else self._container.duration / av.time_base
        file = os.stat(self._path)
        return Source(
            path=os.fsdecode(self._path),
            codec=self._stream.codec_context.codec.canonical_name,
            width=width,
            height=height,
            fps=frame_rate(self._stream),
            duration_s=self._announced_duration_s() or container_s,
            rotation=self._quarter_turns * 90,
            size_bytes=file.st_size,
            modified_s=file.st_mtime,
        )

    def _time_of(self, picture: av.VideoFrame) -> float:
        time_s, last = picture.time, self._last_time_s
        if last is None:
            time_s = 0.0 if time_s is None else time_s
        elif time_s is None or time_s <= last:
            time_s = last + 1 / self.source.fps
        start_s = float((self._stream.start_time or 0) * self._stream.time_base)
        duration_s = float(picture.duration * picture.time_base) if picture.duration else 1 / self.source.fps
        self._last_time_s, self._last_end_s = time_s, time_s - start_s + duration_s
        return time_s

    def _upright_rgb(self, picture: av.VideoFrame) -> np.ndarray:
        width, height = self._decoded_size
        if (picture.width, picture.height) != self._decoded_size:
            check_size(picture.width, picture.height, self._shown)
            note_size_change(self.warnings, width, height)
        image = self._reformatter.reformat(picture, width, height, "rgb24").to_ndarray()
        # FFmpeg counts the turn that shows the picture upright against the clock.
        turn = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)[self._quarter_turns]
        return image if turn is None else cv2.rotate(image, turn)

    def _note_damage(self) -> None:
        if self.damaged:
            self.warnings.append(
                f"The clip is damaged ({self.damaged} packets or frames faulty or missing): what could be decoded was delivered."
            )


def note_size_change(warnings: list[str], width: int, height: int) -> None:
    """Adds, once, that frames were resized to the first one's size."""
    sentence = f"The frame size changes inside the clip: every frame was resized to the first one's {width} x {height}."
    if sentence not in warnings:
        warnings.append(sentence)


def nothing_within(span: Span, shown: str, last_time_s: float) -> UserError:
    """What to tell where no frame of the clip `shown` lies in `span`; last_time_s: the time of the last frame looked at."""
    return UserError(
        f"expected frames from {span.offset_s:g} s to {'the end' if span.end_s is None else f'{span.end_s:g} s'} in {shown}, found "
        f"none up to its frame at {last_time_s:.3f} s: choose another -start and -end."
    )
