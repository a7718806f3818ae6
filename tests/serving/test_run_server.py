# SPDX-License-Identifier: Apache-2.0
"""The server as a program: its documents' walk and client work with it, and it ends as it should."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.serving.run_server import run_server
from image_classification.CFC_SP.serving.settings import Settings
from image_classification.CFC_SP.support.errors import UserError
from tests.events import wait_until
from tests.served import Served
from tests.serving.fake_recognizer import FAKE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "serve.md"


def blocks(language, word):
    """The code blocks of the document with this word, as they are."""
    return [block for block in re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S) if word in block]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("data")) as server:
        yield server
        # One server for these tests, and its end for the last.
        server.process.send_signal(signal.SIGTERM)
        said, _ = server.process.communicate(timeout=300)
        assert said == "" and server.process.returncode == -signal.SIGTERM


@pytest.fixture
def desk(tmp_path, monkeypatch, clip):
    """A folder with what the documents' commands name."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "clip.mp4")
    cv2.imwrite("face.jpg", np.full((48, 64, 3), 90, np.uint8))
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_the_walk_with_curl(served, desk):
    (walk,) = blocks("bash", "curl")
    done = subprocess.run(["bash", "-euc", walk.replace("http://localhost:8000", served.address)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "event: rows" in done.stdout and '"state":"done"' in done.stdout and '"label":"Happiness"' in done.stdout
    assert (desk / "frames.csv").read_text().startswith("frame,time_s,") and (desk / "part.mp4").stat().st_size == 100


def test_the_client_in_python(served, desk, capsys):
    (client,) = blocks("python", "urlopen")
    exec(compile(client.replace("http://localhost:8000", served.address), "serve.md", "exec"), {})
    assert capsys.readouterr().out == "done None ['frames.csv', 'result.json']\n"


def test_an_answer_reaches_a_client_that_still_sends(served):
    body = bytes(8 << 20)
    head = f"POST /v1/clips HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(served.address.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + body)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 415 ") and b"found a form" in answer


def test_one_connection_too_many_is_told_as_a_problem(tmp_path):
    with Served(tmp_path, limits={"connections": 3}) as server:
        place = ("127.0.0.1", int(server.address.rpartition(":")[2]))
        idle = [socket.create_connection(place) for _ in range(3)]
        wait_until(lambda: server.get("/v1/about") == 503)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(server.address + "/v1/about")
        assert refused.value.headers["Content-Type"] == "application/problem+json" and refused.value.headers["Retry-After"] == "10"
        assert "3 connections are served at a time" in refused.value.read().decode()
        for connection in idle:
            connection.close()
        wait_until(lambda: server.get("/v1/about") == 200)


def test_the_limits_are_those_of_the_settings():
    limits, text = Settings(Path()).limits, PAGE.read_text()
    megabytes = (f"{round(size / 1e6)} MB" for size in (limits.clip_bytes, limits.picture_bytes, limits.frame_bytes))
    numbers = (
        f"`-max_seconds`, {limits.seconds:g} s",
        f"`-queue`, {limits.waiting}",
        f"`-streams`, {limits.streams}",
        f"`-rate`, {limits.rate}",
    )
    for said in (
        *megabytes,
        *numbers,
        f"{limits.uploads}; {limits.watchers}",
        f"| connections | {limits.connections} |",
        f"`-keep_hours`, {limits.keep_s / 3600:g}",
    ):
        assert said in text, said


def test_an_address_that_is_taken_is_one_sentence(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["serve", "-data", str(tmp_path / "data"), "-port", str(port)]) == 2
    assert re.match(rf"error: expected an address to listen at, found 127.0.0.1:{port} \(.*\): choose another", capsys.readouterr().err)
    assert not (tmp_path / "data").exists()


def test_a_recognizer_that_cannot_be_had_ends_the_server_with_its_sentence(tmp_path):
    with pytest.raises(UserError, match="no such device"):
        run_server(Settings(tmp_path, load=(FAKE, {"refused": "no such device"})), "127.0.0.1", 0)


def test_what_is_missing_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["serve"]) == 2
    assert "needs the package uvicorn" in (said := capsys.readouterr().err) and "pip install 'cfc-sp[serve]'" in said
