# SPDX-License-Identifier: Apache-2.0
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler

import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video import stream
from image_classification.CFC_SP.video.stream import StreamReader, is_stream, stream_name
from tests import clips, streams
from tests.events import wait_until

MAN = clips.real_clip("carphone_pristine.mp4")
FPS = 29.97


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(stream, "PATIENCE_S", 1.5)
    monkeypatch.setattr(stream, "_FIRST_PAUSE_S", 0.05)


def test_a_slow_loop_sees_the_newest_frames_and_counts_the_others():
    """The loop goes on once ten more frames have been dropped: what it sees next is behind all of these, so it never falls behind."""
    seen = []
    with streams.served(MAN, speed=8, times=1) as address, StreamReader(address) as reader:
        for frame in reader:
            dropped = 10 * len(seen)
            assert frame.index >= len(seen) + dropped or not reader._thread.is_alive()
            seen.append((frame.index, frame.time_s))
            wait_until(lambda: reader.dropped >= dropped + 10 or not reader._thread.is_alive())  # noqa: B023
    index, media_s = map(np.array, zip(*seen, strict=True))
    assert (np.diff(index) > 0).all() and (np.diff(media_s) > 0).all()
    # The decoder may keep the very last ones.
    assert 1 < len(seen) <= 12 and index[-1] > 100 and reader.dropped == index[-1] + 1 - len(seen)
    np.testing.assert_allclose(np.diff(media_s), np.diff(index) / FPS, atol=0.02)
    assert f"{reader.dropped} of {index[-1] + 1} frames were dropped" in " ".join(reader.warnings)
    assert (reader.source.width, reader.source.height, reader.source.codec) == (193, 144, "h264")


def test_a_broken_connection_is_made_anew_and_time_goes_on():
    with streams.served(MAN, speed=8, packets=60, times=3) as address, StreamReader(address) as reader:
        times = [frame.time_s for frame in reader]
    assert reader.reconnections == 2
    assert (np.diff(times) > 0).all()
    assert any("gave no frame for 1.5 s" in warning for warning in reader.warnings)
    assert any("made again 2 times" in warning for warning in reader.warnings)


def test_a_file_behind_an_address_has_an_end(tmp_path):
    clips.write_clip(tmp_path / "clip.mp4", clips.pictures(40), index_first=True)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with streams.serving(partial(Handler, directory=str(tmp_path))) as address, StreamReader(f"{address}/clip.mp4") as reader:
        last = max(frame.index for frame in reader)
    assert last == 39 and reader.reconnections == 0


def test_a_file_whose_index_comes_too_late_is_told(tmp_path, monkeypatch):
    """From a server that sends no parts of it."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 240, 320, 3), np.uint8)
    clips.write_clip(tmp_path / "clip.mp4", list(noise))
    monkeypatch.setattr(stream, "SILENCE_S", 1000.0)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    told = pytest.raises(UserError, match="clip.mp4', found its end before the first: fetch it, and analyse the file")
    with streams.serving(partial(Handler, directory=str(tmp_path))) as address, told:
        StreamReader(f"{address}/clip.mp4")


def test_a_playlist_does_not_lead_to_files_of_this_machine(tmp_path):
    inside = clips.write_clip(tmp_path / "private.ts", clips.pictures(40))
    text = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.3,\nfile://{inside}\n#EXT-X-ENDLIST\n".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with streams.serving(Handler) as address, pytest.raises(UserError, match="expected"):
        StreamReader(f"{address}/list.m3u8")


def test_what_cannot_be_opened_is_told_without_its_password():
    with pytest.raises(UserError, match="expected a camera or a stream at 'http://127.0.0.1:9/x'") as told:
        StreamReader("http://me:secret@127.0.0.1:9/x")
    assert "secret" not in str(told.value)
    with pytest.raises(UserError, match="expected a camera or a stream at '63'"):
        StreamReader("63")


def test_a_stopped_reader_has_given_its_first_frame():
    with streams.served(MAN, times=1) as address, StreamReader(address) as reader:
        reader.stop()
        assert len(list(reader)) == 1


def test_what_is_a_stream(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert all(map(is_stream, ("0", "12", "/dev/video9", "rtsp://a/b", "http://a/b.mp4", "udp://@:1234")))
    assert not any(map(is_stream, ("clip.mp4", "0.mp4", "file:///etc/passwd", "concat:a|b", "-", "²")))
    (tmp_path / "7").mkdir()
    assert not is_stream("7")


def test_names_of_streams():
    assert stream_name("0").startswith("camera-0-")
    assert stream_name("/dev/video2").startswith("video2-")
    assert stream_name("rtsp://me:secret@host:554/../a b?x=1").startswith("host-554-..-a-b-2")
