# SPDX-License-Identifier: Apache-2.0
"""A server without networks: its worker processes are real, its recognizer is not."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from image_classification.CFC_SP.serving import problems
from image_classification.CFC_SP.serving.application import make_application
from image_classification.CFC_SP.serving.service import Service
from image_classification.CFC_SP.serving.settings import Limits, Settings
from tests import clips
from tests.events import wait_until
from tests.serving.fake_recognizer import DEADLY, FAKE, GATED


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """A second of moving pictures."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", clips.pictures(30))


@pytest.fixture(scope="session")
def gated(tmp_path_factory) -> Path:
    """A clip that waits at the gate."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "gated.mp4", clips.pictures(30, GATED))


@pytest.fixture(scope="session")
def deadly(tmp_path_factory) -> Path:
    """A clip that ends the process that looks at it."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "deadly.mp4", clips.pictures(30, DEADLY))


@pytest.fixture(scope="session")
def gate(tmp_path_factory) -> Path:
    """The gate, which is open as long as this file is not there."""
    return tmp_path_factory.mktemp("gate") / "closed"


@pytest.fixture(scope="session")
def serve(gate):
    """Gives `serve(data, limits, ...)`: a client of a new server, to be used in a `with` block."""

    def make(data, limits=None, **settings) -> TestClient:
        load = (FAKE, {"gate": str(gate)})
        service = Service(Settings(data, load=load, limits=limits or Limits(rate=0), **settings))
        client = TestClient(make_application(service), base_url="http://localhost", raise_server_exceptions=False)
        client.service = service
        return client

    with pytest.MonkeyPatch.context() as patch:
        # This client has sent its whole body before it is answered, and would be waited for in vain.
        patch.setattr(problems, "LINGER_S", 0.0)
        yield make


@pytest.fixture(scope="session")
def client(serve, tmp_path_factory, clip):
    """A client of the server that most tests share."""
    with serve(tmp_path_factory.mktemp("data"), sample=clip) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


@pytest.fixture(scope="session")
def strict(serve, tmp_path_factory):
    """A client of a server whose limits are low."""
    limits = Limits(100_000, picture_bytes=1000, frame_bytes=900, seconds=1.2, pixels=90 * 48, waiting=1, streams=1, rate=0)
    with serve(tmp_path_factory.mktemp("data"), limits) as client:
        yield client


@pytest.fixture(scope="session")
def send():
    """Gives `send(client, path, **query)`: the answer to an upload."""

    def send(client, path, **query):
        return client.post("/v1/clips", content=Path(path).read_bytes(), params=query)

    return send


@pytest.fixture(scope="session")
def ended():
    """Gives `ended(client, id)`: waits for a clip's end and returns what the server says of it."""

    def wait(client, clip_id) -> dict:
        wait_until(lambda: client.get(f"/v1/clips/{clip_id}").json()["state"] in ("done", "failed"))
        return client.get(f"/v1/clips/{clip_id}").json()

    return wait
