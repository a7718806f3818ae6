# SPDX-License-Identifier: Apache-2.0
"""A clip served as an endless kind of stream on this machine: MPEG-TS over HTTP, at the pace of its time stamps."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av

from image_classification.CFC_SP.video.reader import open_video


@contextmanager
def served(path: Path, speed: float = 1.0, packets: int | None = None, times: int | None = None) -> Iterator[str]:
    """The address of a stream of the clip at `path`, `speed` times as fast as it was taken, each connection from its beginning.

    packets: how many a connection gives before it ends, None: all of them; times: how many connections there are, then 404.
    """
    pieces = _pieces(path)[:packets]
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if times is not None and len(asked) > times:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            begin = time.monotonic()
            try:
                for time_s, data in pieces:
                    time.sleep(max(0.0, time_s / speed - (time.monotonic() - begin)))
                    self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_):
            pass

    with serving(Handler) as address:
        yield f"{address}/stream"


@contextmanager
def serving(handler: type) -> Iterator[str]:
    """The address of an HTTP server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class PatientReader:
    """The frames of the clip at `path` in the place of a `StreamReader`'s: none is dropped, however slowly they are looked at."""

    damaged = dropped = reconnections = 0
    warnings = ()

    def __init__(self, path: Path):
        self._reader, self._stopped = open_video(path), False
        self.source = self._reader.source

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._reader.close()

    def __iter__(self):
        for frame in self._reader:
            yield frame
            if self._stopped:
                return

    def stop(self):
        self._stopped = True


def _pieces(path: Path) -> list[tuple[float, bytes]]:
    """What becomes of each packet of the clip, and its time in seconds from the first."""

    class Target(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            written.append(bytes(data))
            return len(data)

    found, written = [], []
    with av.open(str(path)) as source, av.open(Target(), "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                time_s = float(packet.dts * packet.time_base)
                packet.stream = stream
                target.mux(packet)
                found.append((time_s, b"".join(written)))
                written.clear()
    return [(time_s - found[0][0], data) for time_s, data in (*found, (found[-1][0], b"".join(written)))]
