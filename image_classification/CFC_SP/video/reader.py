"""Video file -> frames in presentation order, through PyAV (FFmpeg)."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Self

import av
import cv2
import numpy as np

from ..core.records import Frame, Source
from ..errors import UserError
from ..files import Nameless

MAX_PIXELS = 8192 * 8192
MAX_FPS, FALLBACK_FPS = 480.0, 30.0
# A demuxer that fails this often without giving a packet in between will not recover.
MAX_DEMUX_FAILURES = 16
# Containers round their durations and leave out a last frame's own; only a larger gap means a lost end.
END_SLACK_S = 1.0


def open_video(path: str | os.PathLike) -> "VideoReader":
    """A reader of the local file `path`, whatever its name looks like; use it in a `with` block.

    Raises UserError where the path is no readable, non-empty file, where it is no video that FFmpeg knows, where an MP4 lacks
    its index, where there is no video stream or no frame that decodes, and where a frame has more than MAX_PIXELS pixels.
    """
    return VideoReader(path)


class VideoReader:
    """Iterates once over a clip's frames as records.Frame: index 0, 1, ..., HWC RGB uint8 images turned upright.

    `time_s` is the frame's own time stamp as the container gives it (a clip whose video starts late starts late here too);
    times increase strictly: a frame without a stamp, or with one not after the frame before, comes 1 / fps after that frame.
    Pixels are not stretched where the container says that they are not square. Frames of another size than the first are
    resized to it, with a warning.

    source: records.Source. damaged: packets and frames found damaged or missing so far. warnings: sentences for the user.
    Decoding goes on after a damaged packet; a clip with a lost end gives what it holds. Only one frame is held at a time.
    Iterating raises UserError where reading the file itself fails half-way (a disk or network fault).
    """

    def __init__(self, path: str | os.PathLike):
        self.damaged = 0
        self.warnings: list[str] = []
        self._path = os.fspath(path)
        self._shown = repr(os.fsdecode(self._path))
        self._last_time_s = self._last_end_s = None
        with ExitStack() as opened:
            self._file = opened.enter_context(self._open_file())
            self._container = opened.enter_context(self._open_container())
            self._stream = self._pick_stream()
            self._decoded = self._decode()
            self._first = self._decode_first()
            self.source = self._describe(self._first)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; harmless when done twice."""
        self._opened.close()

    def __iter__(self) -> Iterator[Frame]:
        index, picture = 0, self._first
        self._first = None
        while picture is not None:
            yield Frame(index, self._time_of(picture), self._upright_rgb(picture))
            index, picture = index + 1, next(self._decoded, None)
        self._note_damage()

    def _open_file(self):
        # FFmpeg gets a file object of our own and not the path: it would take `concat:x` or `http:x` for protocols.
        try:
            mode = os.stat(self._path).st_mode
            if stat.S_ISDIR(mode):
                raise UserError(f"expected a video file, found a folder at {self._shown}: name the file inside it.")
            if not stat.S_ISREG(mode):
                raise UserError(f"expected a video file, found a device or pipe at {self._shown}: save the video as a file first.")
            if os.stat(self._path).st_size == 0:
                raise UserError(f"expected a video file, found an empty file at {self._shown}: copy or record the clip again.")
            return open(self._path, "rb")
        except FileNotFoundError:
            raise UserError(f"expected a video file, found nothing at {self._shown}: check the path.") from None
        except OSError as fault:
            raise UserError(
                f"expected a readable video file at {self._shown}, found {fault.strerror!r}: check the path and its permissions."
            ) from fault

    def _open_container(self):
        # Playlists name other files and addresses: none of them is ever opened.
        options = {"protocol_whitelist": "none"}
        try:
            return av.open(Nameless(self._file), "r", container_options=options, metadata_errors="replace")
        except av.FFmpegError as fault:
            if isinstance(fault, MemoryError):
                raise
            self._file.seek(4)
            if self._file.read(4) == b"ftyp":
                raise UserError(
                    f"expected a whole MP4 or MOV file, found one without a usable index ('moov' box) at {self._shown}: "
                    "it was probably cut while being recorded or copied, so copy it again or repair it."
                ) from fault
            raise UserError(
                f"expected a video file that FFmpeg can read, found something else at {self._shown} ({fault.strerror}): "
                "check that it is a video and not, say, a text file with a video's name."
            ) from fault
        except OSError as fault:
            raise self._reading_failed(fault) from fault

    def _pick_stream(self):
        streams = [s for s in self._container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            kinds = ", ".join(sorted({s.type for s in self._container.streams})) or "none"
            raise UserError(f"expected a video stream in {self._shown}, found only streams of kind: {kinds}; choose a file with pictures.")
        stream = self._container.streams.best("video")
        stream = stream if stream in streams else streams[0]
        if stream.codec_context is None:
            raise UserError(f"expected a codec that this FFmpeg decodes, found an unknown one in {self._shown}: convert the clip to H.264.")
        self._check_size(stream.codec_context.width, stream.codec_context.height)
        stream.thread_type = "AUTO"
        return stream

    def _check_size(self, width: int, height: int) -> None:
        if width * height > MAX_PIXELS:
            raise UserError(
                f"expected frames of at most {MAX_PIXELS} pixels, found {width} x {height} in {self._shown}: scale the clip down first."
            )

    def _packets(self) -> Iterator[av.Packet]:
        failures, demuxer = 0, self._container.demux(self._stream)
        while failures < MAX_DEMUX_FAILURES:
            try:
                packet = next(demuxer, None)
            except av.FFmpegError as fault:
                self._count_damage(fault)
                failures += 1
                demuxer = self._container.demux(self._stream)
                continue
            except OSError as fault:
                raise self._reading_failed(fault) from fault
            if packet is None:
                return
            failures = 0
            yield packet

    def _decode(self) -> Iterator[av.VideoFrame]:
        packets = 0
        for packet in self._packets():
            packets += packet.size > 0
            # A cut packet given to FFmpeg's frame threads makes them lose whole frames before it.
            if packet.size and packet.is_corrupt:
                self.damaged += 1
                continue
            try:
                pictures = packet.decode()
            except av.FFmpegError as fault:
                self._count_damage(fault)
                continue
            for picture in pictures:
                self.damaged += picture.is_corrupt
                yield picture
        self.damaged += self._missing_at_end(packets)

    def _count_damage(self, fault: av.FFmpegError) -> None:
        # FFmpeg reports damage through many error numbers; want of memory is the machine's fault and not the clip's.
        if isinstance(fault, MemoryError):
            raise fault
        self.damaged += 1

    def _decode_first(self) -> av.VideoFrame:
        picture = next(self._decoded, None)
        if picture is None:
            raise UserError(
                f"expected at least one frame that decodes, found none in {self._shown}: "
                "the file is damaged or holds no pictures, so copy or convert it again."
            )
        return picture

    def _missing_at_end(self, packets: int) -> int:
        """How many frames the container announces and does not hold."""
        if self._stream.frames:
            return max(0, len(self._stream.index_entries) - packets)
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
        return Source(
            path=os.fsdecode(self._path),
            codec=self._stream.codec_context.codec.canonical_name,
            width=width,
            height=height,
            fps=self._frame_rate(),
            duration_s=self._announced_duration_s() or container_s,
            rotation=self._quarter_turns * 90,
        )

    def _frame_rate(self) -> float:
        # Containers with a clock in milliseconds may state 1000 for any clip.
        stated = [float(rate) for rate in (self._stream.average_rate, self._stream.guessed_rate) if rate]
        return next((rate for rate in stated if 0 < rate <= MAX_FPS), FALLBACK_FPS)

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
            self._check_size(picture.width, picture.height)
            sentence = f"The frame size changes inside the clip: every frame was resized to the first one's {width} x {height}."
            if sentence not in self.warnings:
                self.warnings.append(sentence)
        image = picture.to_ndarray(format="rgb24", width=width, height=height)
        # FFmpeg counts the turn that shows the picture upright against the clock.
        turn = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)[self._quarter_turns]
        return image if turn is None else cv2.rotate(image, turn)

    def _note_damage(self) -> None:
        if self.damaged:
            self.warnings.append(
                f"The clip is damaged ({self.damaged} packets or frames faulty or missing): what could be decoded was delivered."
            )

    def _reading_failed(self, fault: OSError) -> UserError:
        return UserError(
            f"expected to read {self._shown} to its end, found {fault.strerror or str(fault)!r}: check the disk or the network."
        )
