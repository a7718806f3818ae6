# SPDX-License-Identifier: Apache-2.0
"""Video file -> frames in presentation order, through PyAV (FFmpeg)."""

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import Self

import av

from ..core.records import Frame, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from ..support.malloc import return_freed_memory
from .container import checked_pixels, no_picture, open_container, open_file, pick_stream, reading_failed
from .decoding import MOST_THREADED_PIXELS, DamageMet, Decoder, announced_duration_s, lost_at_end
from .display import Display
from .seeking import Landing, find_landing
from .times import FrameTimes, checked_fps, fitting_rate, indexed_times, own_rate

# The packets whose times tell how many frames there are a second, where no index does.
MOST_AHEAD, MOST_AHEAD_BYTES = 300, 16 << 20
# The largest picture that is decoded to learn its size, so that it can be told: half a gigabyte.
MOST_PROBED_PIXELS = 1 << 27
# FFmpeg's flag of formats whose frames bear no times: streams as an encoder gives them, in no container.
_NO_TIMES = 0x80
# FFmpeg's flag of containers whose clock may show anything and jump: transport and program streams.
_ANY_CLOCK = 0x200


def open_video(path: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None) -> "VideoReader":
    """A reader of the local file `path`, whatever its name looks like; use it in a `with` block. span: the part that is wanted.
    fps: frames a second of a raw stream, whose frames bear no times (None: what its headers say). max_pixels: the most pixels of a
    frame (None: container.MAX_PIXELS).

    Raises UserError where the path is no readable, non-empty file, where it is no video that FFmpeg knows, where an MP4 lacks
    its index, where there is no video stream or no frame that decodes, and where a frame has more pixels than that.
    """
    return VideoReader(path, span, fps, max_pixels)


class VideoReader:
    """Iterates once over a clip's frames as records.Frame: index 0, 1, ..., HWC RGB uint8 images as a screen shows them.

    With a `span` it gives that part's frames alone, under the indices and times that they have in the whole clip. Where the
    container tells frames apart it begins to decode at the last key frame before them; damage before that goes unseen.

    `time_s` is the frame's own time stamp as the container gives it (a clip whose video starts late starts late here too);
    times increase strictly: a frame without a stamp, or with one not after the frame before, comes 1 / fps after that frame, and
    where another recording begins, its times go on from there. Frames of another size than the first are scaled to fit into it,
    with a warning.

    source: records.Source. damaged: packets and frames found damaged or missing so far. warnings: sentences for the user.
    Decoding goes on after a damaged packet; a clip with a lost end gives what it holds. Only one frame is held at a time.
    Iterating raises UserError where reading the file itself fails half-way (a disk or network fault), and where the span holds
    no frame.
    """

    def __init__(self, path: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None):
        self.warnings: list[str] = []
        self._path = os.fspath(path)
        self._shown = repr(os.fsdecode(self._path))
        self._span, self._fps = span, checked_fps(fps)
        self._most_pixels = checked_pixels(max_pixels)
        self._closed, self._lost, self._last_end_s = False, 0, None
        self._reading = threading.Lock()
        with ExitStack() as failing:
            self._open(threaded=True)
            failing.callback(lambda: self._opened.close())
            self._first = self._decode_first()
            self._display = Display(self._stream, self._first, self.warnings, self._shown, self._most_pixels)
            self.source = self._describe()
            failing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    @property
    def damaged(self) -> int:
        """Packets and frames found damaged or missing so far."""
        return self._lost + (0 if self._decoder is None else self._decoder.damaged)

    def close(self) -> None:
        """Closes the file, once a frame that another thread is decoding is done; harmless when done twice."""
        with self._reading:
            self._closed, self._lost = True, self.damaged
            self._opened.close()
            # A decoder's pictures may be gigabytes.
            self._decoder = self._pictures = self._stream = self._container = self._display = self._first = None
        if self.source.width * self.source.height > MOST_THREADED_PIXELS:
            return_freed_memory()

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames()
        while True:
            with self._reading:
                # FFmpeg crashes on a file that is closed under it, as by Ctrl-C while a thread decodes.
                frame = [] if self._closed else list(itertools.islice(frames, 1))
            if not frame:
                return
            yield frame.pop()

    def _frames(self) -> Iterator[Frame]:
        index, picture = self._begin()
        self._first = None
        times, origin_s = self._make_times(), self.source.start_s
        inside = 0
        while picture is not None:
            time_s = times.of(picture)
            duration_s = float(picture.duration * picture.time_base) if picture.duration else None
            self._last_end_s = time_s + (duration_s or 1 / self.source.fps)
            if self._span.ends_before(time_s, origin_s):
                break
            image = None
            if not self._span.begins_after(time_s, origin_s):
                image = self._display.image(picture) if inside % self._span.stride == 0 else None
                inside += 1
            last_s, picture = picture.time, None
            # Nothing of the frame is held here while it is looked at, nor while the next one is decoded.
            if image is not None:
                made = [Frame(index, time_s, image, duration_s)]
                del image
                yield made.pop()
            index, picture = index + 1, self._following(index, last_s)
        if self.damaged:
            self.warnings.append(
                f"The clip is damaged ({self.damaged} packets or frames faulty or missing): what could be decoded was delivered."
            )
        if not inside:
            raise nothing_within(self._span, self._shown, times.last_s - origin_s)

    def _open(self, threaded: bool) -> None:
        with ExitStack() as opened:
            self._file = opened.enter_context(open_file(self._path))
            self._container = opened.enter_context(open_container(self._file, self._shown, self._most_pixels))
            self._stream = pick_stream(self._container, self._shown, self._most_pixels, self.warnings, self._file)
            self._decode(threaded)
            self._opened = opened.pop_all()

    def _decode(self, threaded: bool) -> None:
        self._decoder = Decoder(self._container, self._stream, self._shown, threaded, self._most_pixels)
        self._pictures = iter(self._decoder)

    def _decode_first(self) -> av.VideoFrame:
        ahead = indexed_times(self._stream)
        self._ahead = self._decoder.look_ahead(MOST_AHEAD, MOST_AHEAD_BYTES) if ahead is None else ahead
        try:
            first = next(self._pictures, None)
        except DamageMet:
            self._opened.close()
            self._open(threaded=False)
            first = next(self._pictures, None)
        if first is None:
            # Some formats say how large their pictures are where these may be decoded alone.
            with open_file(self._path) as file, open_container(file, self._shown, MOST_PROBED_PIXELS) as container:
                pick_stream(container, self._shown, self._most_pixels)
            raise no_picture(self._file, self._shown)
        return first

    def _following(self, index: int, last_s: float | None) -> av.VideoFrame | None:
        """The picture after the one of that index and time; damage that threads meet is decoded again, as far as it goes, without them."""
        try:
            picture = next(self._pictures, None)
        except DamageMet:
            landing = None if last_s is None else self._find_landing(max(0.0, last_s - self.source.start_s))
            at, picture = self._land(landing, threaded=False)
            # Behind a landing times are in order, and tell the frames given before from others even where some were lost unseen.
            while picture is not None and (at <= index if self._landed_s is None else (picture.time or 0.0) <= last_s):
                at, picture = at + 1, next(self._pictures, None)
        if picture is None:
            self._lost = lost_at_end(self._decoder, self._stream, self.source.fps, self._last_end_s)
        return picture

    def _begin(self) -> tuple[int, av.VideoFrame]:
        """The frame to begin with, and its index: the first, or that of the last key frame before the span."""
        landing = None if self._span.start_s is None else self._find_landing(self._span.start_s)
        if landing is None:
            return 0, self._first
        return self._land(landing, threaded=True)

    def _land(self, landing: Landing | None, threaded: bool) -> tuple[int, av.VideoFrame]:
        """The frame at the landing, and its index, or the first of the clip where that is not to be reached."""
        self._opened.close()
        self._open(threaded)
        index = picture = self._landed_s = None
        if landing is not None:
            # A damaged index cannot be sought in.
            with suppress(av.FFmpegError, DamageMet):
                self._container.seek(landing.time, stream=self._stream)
                self._decode(threaded)
                packet = next(iter(self._decoder.look_ahead(1, 1)), None)
                # Another recording in the same file may have the same times.
                picture = next(self._pictures, None) if packet is not None and packet.pos in landing.places else None
                if picture is not None and picture.pts is not None and picture.key_frame:
                    index = landing.index_of(picture.pts)
            if index is not None:
                self._decoder.packets_read += landing.packets_before(picture.pts)
                self._landed_s = picture.time
                return index, picture
            # Some containers have no index to seek by. Not by close(), which waits for the frame that is being read: this one.
            self._opened.close()
            self._open(threaded)
        return 0, self._decode_first()

    def _find_landing(self, start_s: float) -> Landing | None:
        with open_file(self._path) as file, open_container(file, self._shown, self._most_pixels) as container:
            try:
                return find_landing(container, container.streams[self._stream.index], Span(start_s), self.source.start_s)
            except av.FFmpegError:
                return None
            except OSError as fault:
                raise reading_failed(self._shown, fault) from fault

    def _describe(self) -> Source:
        fps = self._know_times()
        container_s = None if self._container.duration is None else self._container.duration / av.time_base
        file = os.stat(self._path)
        return Source(
            path=os.fsdecode(self._path),
            codec=self._stream.codec_context.codec.canonical_name,
            width=self._display.width,
            height=self._display.height,
            fps=fps,
            duration_s=announced_duration_s(self._stream) or container_s,
            rotation=self._display.rotation,
            size_bytes=file.st_size,
            modified_s=file.st_mtime,
            mirrored=self._display.mirrored,
            start_s=self._make_times().of(self._first),
            zero_s=self._zero_s(),
        )

    def _zero_s(self) -> float:
        """The time at which players begin: that of the first packet where the container's clock may show anything, 0 elsewhere."""
        start, free_running = self._container.start_time, self._container.format.flags & _ANY_CLOCK
        return start / av.time_base if free_running and start is not None else 0.0

    def _know_times(self) -> float:
        """Finds out what the frames' times are made of, and returns the frames a second."""
        ahead, begin_s = self._ahead, 0.0
        is_raw = bool(self._container.format.flags & _NO_TIMES)
        if ahead and isinstance(ahead[0], av.Packet):
            untimed = list(itertools.takewhile(lambda packet: packet.dts is None, ahead)) if ahead[0].pts is None else []
            stamps = [float(packet.pts * packet.time_base) for packet in ahead if packet.pts is not None]
            # Program streams stamp some of their frames alone, which tells no rate.
            is_stamped = all(packet.pts is not None for packet in ahead[len(untimed) :])
            fps = own_rate(self._stream) if is_raw else fitting_rate(self._stream, stamps if is_stamped else [])
            if untimed and stamps:
                # Before the time 0 some containers give no times.
                begin_s = min(stamps) - sum(packet.pts is None for packet in untimed) / fps
        else:
            fps = fitting_rate(self._stream, ahead)
        self._ahead = None
        if self._fps is not None and not is_raw:
            self.warnings.append("-fps was not used: the clip's frames bear times of their own.")
        fps = self._fps if self._fps is not None and is_raw else fps
        self._make_times = partial(
            FrameTimes, fps, self._container.format.name == "avi", ignored=is_raw and self._fps is not None, begin_s=begin_s
        )
        return fps


def nothing_within(span: Span, shown: str, last_s: float) -> UserError:
    """What to tell where no frame of the clip `shown` lies in `span`; last_s: when the last frame that was looked at comes."""
    return UserError(
        f"expected frames from {span.offset_s:g} s to {'the end' if span.end_s is None else f'{span.end_s:g} s'} in {shown}, found "
        f"none up to its frame {last_s:.3f} s after the first one: choose another -start and -end."
    )
