# SPDX-License-Identifier: Apache-2.0
"""Playlists and redirections that lead to this machine, served by two addresses of it."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video import stream
from image_classification.CFC_SP.video.stream import StreamReader
from tests import clips


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(stream, "PATIENCE_S", 0.5)
    monkeypatch.setattr(stream, "_FIRST_PAUSE_S", 0.05)


@contextmanager
def serving(host, files):
    """The address of a server of `files`, {path: bytes or an address to go to}, and the list of paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = files.get(self.path)
            self.send_response(404 if content is None else 200 if isinstance(content, bytes) else 302)
            if isinstance(content, str):
                self.send_header("Location", content)
            body = content if isinstance(content, bytes) else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((host, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{host}:{server.server_address[1]}", asked
        finally:
            server.shutdown()


def playlist(*addresses):
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:4",
        *(f"#EXTINF:2,\n{address}" for address in addresses),
        "#EXT-X-ENDLIST",
    ]
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def segment(tmp_path_factory):
    return clips.write_clip(tmp_path_factory.mktemp("segment") / "a.ts", clips.pictures(30)).read_bytes()


def frames_of(address):
    with StreamReader(address) as reader:
        return max(frame.index for frame in reader) + 1


def test_a_playlist_and_what_it_names_on_its_own_host_are_read(segment):
    files = {"/a.ts": segment}
    with serving("127.0.0.1", files) as (address, asked):
        files |= {"/list.m3u8": playlist("a.ts"), "/there.m3u8": f"{address}/list.m3u8"}
        assert frames_of(f"{address}/list.m3u8") == frames_of(f"{address}/there.m3u8") == 30
        assert asked.count("/a.ts") == 2


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
@pytest.mark.parametrize("environment", [None, "*", "localhost,127.0.0.1"])
def test_a_playlist_does_not_lead_to_another_address_of_this_machine(segment, name, environment, monkeypatch):
    if environment:
        monkeypatch.setenv("no_proxy", environment)
    with serving("127.0.0.1", {"/a.ts": segment}) as (secret, asked), serving("127.0.0.2", files := {}) as (given, _):
        files["/list.m3u8"] = playlist(f"{secret}/a.ts".replace("127.0.0.1", name))
        files["/there.ts"] = f"{secret}/a.ts".replace("127.0.0.1", name)
        for path in ("/list.m3u8", "/there.ts"):
            with pytest.raises(UserError, match="expected (a camera or a stream|pictures)"):
                frames_of(given + path)
    assert asked == []


def test_a_playlist_does_not_lead_to_a_file(segment, tmp_path):
    (tmp_path / "a.ts").write_bytes(segment)
    for address in (f"file://{tmp_path}/a.ts", f"{tmp_path}/a.ts", f"concat:{tmp_path}/a.ts", f"tcp://127.0.0.1:1/{tmp_path}/a.ts"):
        with serving("127.0.0.1", {"/list.m3u8": playlist(address)}) as (given, _), pytest.raises(UserError, match="expected"):
            frames_of(f"{given}/list.m3u8")
