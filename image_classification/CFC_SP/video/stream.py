# SPDX-License-Identifier: Apache-2.0
"""Cameras and network streams: the newest frame, again and again, for a program that may be slower than they are."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import av

from ..core.records import Frame, Source
from ..support.addresses import clean_address
from ..support.errors import UserError
from ..support.packets import packets_of
from .camera import camera_of, is_camera
from .container import checked_pixels, decoder_options, pick_stream
from .display import Display
from .guarded_proxy import GuardedProxy
from .times import LiveTimes, stated_rate

SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp")
# What an address may lead to, by its scheme's first letters: never a file of this machine, and a playlist to HTTP alone.
_PROTOCOLS = {
    "http": "http,https,httpproxy,tcp,tls,crypto",
    "rtmp": "rtmp,rtmps,tcp,tls",
    "rtsp": "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
    "rtp": "rtp,udp",
    "srt": "srt",
    "tcp": "tcp",
    "udp": "udp",
}
# Without a frame for so long, a connection is given up for a new one.
SILENCE_S = 10.0
# Without a frame for so long, new connections included, the stream has ended.
PATIENCE_S = 30.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0


def is_stream(word: str) -> bool:
    """Whether what was given as a video is a camera (a number, or /dev/video...) or an address, and no file of that name."""
    return (is_camera(word) or urlsplit(word).scheme in SCHEMES) and not Path(word).is_file() and not Path(word).is_dir()


def stream_name(word: str) -> str:
    """A name for the results of a stream that begins now: two recordings of a camera never share one."""
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", re.sub(r"^\w+://", "", clean_address(word).removeprefix("/dev/"))).strip("-.")[:80]
    return f"{f'camera-{plain}' if plain.isdigit() else plain or 'stream'}-{datetime.now():%Y%m%d-%H%M%S}"


class StreamReader:
    """Iterates over the newest frames of the camera or stream `address` as records.Frame, HWC RGB uint8 as a screen shows them, until it
    ends or `stop`.

    A thread decodes all that comes. A frame that the loop has no time for is dropped and counted in `dropped`; `index` counts it
    too. `time_s` is media time from the first frame on, increasing, and tied to this machine's clock: where the stream's own jumps,
    it goes on with the time that has passed, as it does after a broken connection. A connection that ends or falls silent is made
    again, and counted in `reconnections`, until PATIENCE_S have passed without a frame. What has an end of its own, such as a file
    behind an address, ends there.

    source: records.Source, its path a clean address. damaged: packets that did not decode. max_pixels: the most pixels of a frame
    (None: container.MAX_PIXELS). Raises UserError where the address cannot be opened or gives no picture.
    """

    damaged = dropped = reconnections = 0

    def __init__(self, address: str, max_pixels: int | None = None):
        self._address, self._shown = address, clean_address(address)
        self._most_pixels = checked_pixels(max_pixels)
        self._notes: list[str] = []
        self._news = threading.Condition()
        self._slot: tuple[int, float, av.VideoFrame, Display] | None = None
        self._over = self._stopped = False
        self._count = 0
        self._fault: BaseException | None = None
        self._connection = self._connect(None)
        self.source = self._connection.source
        self._times = LiveTimes(self.source.fps, self._connection.is_finite)
        self._thread = threading.Thread(target=self._work, name="stream", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.stop()
        self._thread.join()

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user, of what has happened so far."""
        found = list(self._notes)
        if self.dropped:
            found.append(f"{self.dropped} of {self._count} frames were dropped: they came while another was looked at.")
        if self._times.jumps:
            found.append(f"The stream's clock jumped {self._times.jumps} times: the rows' times go on by this machine's.")
        if self.reconnections:
            found.append(f"The connection was lost and made again {self.reconnections} times.")
        return found

    def stop(self) -> None:
        """Ends the iteration after the frame in hand, the first at the earliest; a signal handler may call it, and any thread."""
        self._stopped = True

    def __iter__(self) -> Iterator[Frame]:
        first = True
        while first or not self._stopped:
            with self._news:
                while self._slot is None and not self._over and (first or not self._stopped):
                    # Awake now and then: a signal handler cannot notify.
                    self._news.wait(0.1)
                taken, self._slot = self._slot, None
            if taken is None:
                break
            index, time_s, picture, display = taken
            yield Frame(index, time_s, display.image(picture))
            first = False
        if self._fault is not None:
            raise self._fault

    def _connect(self, size: tuple[int, int] | None) -> "_Connection":
        return _Connection(self._address, self._shown, self._notes, size, self._most_pixels)

    def _work(self) -> None:
        try:
            while self._connection is not None and not self._stopped:
                with self._connection as connection:
                    self._take(connection)
                    self.damaged += connection.damaged
                self._connection = None if connection.is_finite or self._stopped else self._reconnected()
        except BaseException as fault:
            # Told where the frames are asked for.
            self._fault = fault
        with self._news:
            self._over = True
            self._news.notify()

    def _take(self, connection: "_Connection") -> None:
        """Puts every frame of the connection where the loop finds it, in place of the one before."""
        self._times.connect_anew()
        for picture in connection:
            time_s = self._times.of(picture.time, time.monotonic())
            with self._news:
                self.dropped += self._slot is not None
                self._slot = self._count, time_s, picture, connection.display
                self._news.notify()
            self._count += 1
            if self._stopped:
                return

    def _reconnected(self) -> "_Connection | None":
        lost, pause = time.monotonic(), _FIRST_PAUSE_S
        while not self._stopped and time.monotonic() - lost + pause < PATIENCE_S:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            try:
                connection = self._connect((self.source.width, self.source.height))
            except UserError:
                continue
            self.reconnections += 1
            return connection
        if not self._stopped:
            self._notes.append(f"The stream gave no frame for {PATIENCE_S:g} s and was taken to have ended.")
        return None


class _Connection:
    """One connection to a camera or stream, iterated once over its pictures; it must have given the first before it counts.

    is_finite: it has a length, as a file has. damaged: packets that did not decode. display: makes images of its pictures, of `size`
    (width, height) where it is given; what there is to say goes to `notes`.
    """

    def __init__(self, address: str, shown: str, notes: list[str], size: tuple[int, int] | None, most_pixels: int):
        self.damaged = 0
        camera = camera_of(address) if is_camera(address) else None
        # A second of looking tells the format; FFmpeg's own five would begin with five seconds of the past.
        options = dict(camera.options) if camera else {"rtsp_transport": "tcp", "analyzeduration": "1000000"}
        scheme = urlsplit(address).scheme
        if not camera:
            options["protocol_whitelist"] = next(names for begin, names in _PROTOCOLS.items() if scheme.startswith(begin))
        began = time.monotonic()
        with ExitStack() as opened:
            if scheme in ("http", "https"):
                proxy = opened.enter_context(GuardedProxy(address))
                options |= {"http_proxy": proxy.address, "http_persistent": "0"}
            try:
                container = av.open(
                    camera.file if camera else address,
                    format=camera.format if camera else None,
                    container_options=options,
                    options=decoder_options(most_pixels),
                    timeout=SILENCE_S,
                    metadata_errors="replace",
                )
            except (av.FFmpegError, OSError, ValueError) as fault:
                raise UserError(
                    f"expected a camera or a stream at {shown!r}, found none that opens ({getattr(fault, 'strerror', None) or fault}): "
                    "check that it is there and that this machine may use it."
                ) from fault
            self._container = opened.enter_context(container)
            self._stream = pick_stream(container, shown, most_pixels, notes)
            self._stream.codec_context.options = decoder_options(most_pixels)
            self._packets = packets_of(container, self._stream)
            self._pictures = self._decode()
            self._first = next(self._pictures, None)
            if self._first is None:
                if time.monotonic() - began < SILENCE_S:
                    # As an MP4 does whose index comes last, where a server sends no parts of it.
                    raise UserError(f"expected pictures from {shown!r}, found its end before the first: fetch it, and analyse the file.")
                raise UserError(f"expected pictures from {shown!r}, found none within {SILENCE_S:g} s: check the stream.")
            self.display = Display(self._stream, self._first, notes, shown, most_pixels, size)
            self.is_finite = camera is None and container.duration is not None
            self.source = self._describe(shown)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self._opened.close()

    def __iter__(self) -> Iterator[av.VideoFrame]:
        yield self._first
        yield from self._pictures

    def _decode(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                packet = next(self._packets, None)
            except (av.FFmpegError, OSError):
                # The connection broke, as it does in the end.
                return
            if packet is None:
                return
            # An empty packet repeats the picture before it, or ends the stream.
            if not packet.size and packet.dts is not None:
                continue
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                # What comes before the first key frame, or was lost on its way.
                self.damaged += 1
                continue
            yield from pictures

    def _describe(self, shown: str) -> Source:
        return Source(
            path=shown,
            codec=self._stream.codec_context.codec.canonical_name,
            width=self.display.width,
            height=self.display.height,
            fps=stated_rate(self._stream),
            duration_s=None,
            rotation=self.display.rotation,
            mirrored=self.display.mirrored,
        )
