# SPDX-License-Identifier: Apache-2.0
"""The application as a whole: what OpenAPI says of it, and a real prediction through it."""

import csv
import json

import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.serving.application import make_application
from image_classification.CFC_SP.serving.service import Service
from image_classification.CFC_SP.serving.settings import Settings
from image_classification.CFC_SP.support.command_line import run_script
from tests import clips
from tests.events import wait_until


def test_openapi_tells_a_client_all_it_needs(client):
    told = client.get("/openapi.json").json()
    assert set(told["paths"]) == {
        *("/v1/clips", "/v1/clips/{clip_id}", "/v1/clips/{clip_id}/events", "/v1/clips/{clip_id}/files/{name}", "/v1/pictures"),
        *("/healthz", "/readyz", "/metrics", "/v1/about", "/v1/session", "/v1/sample"),
    }
    assert "WS /v1/stream" in told["info"]["description"]
    body = told["paths"]["/v1/clips"]["post"]["requestBody"]["content"]["application/octet-stream"]["schema"]
    assert body == {"type": "string", "format": "binary"}
    statuses = set(told["paths"]["/v1/clips"]["post"]["responses"]) - {"default"}
    assert statuses == {"202", "400", "401", "408", "413", "415", "422", "429", "503"}
    for name in ("ClipAnswer", "PictureAnswer", "FaceAnswer", "AboutAnswer"):
        assert told["components"]["schemas"][name]["examples"], name
    for path, operations in told["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                wanted = status[0] in "45d"
                assert ("application/problem+json" in answer.get("content", {})) == wanted, (path, status)
    assert "cdn" not in json.dumps(told)


@pytest.mark.slow
def test_a_real_prediction_is_that_of_the_command_line(tmp_path, send, ended):
    from fastapi.testclient import TestClient

    man = clips.real_clip("carphone_pristine.mp4")
    with TestClient(make_application(Service(Settings(tmp_path / "data"))), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        answer = ended(client, send(client, man, name="man.mp4").json()["id"])
        assert answer["state"] == "done" and len(answer["files"]) == 4
        found = client.get(answer["files"][0]["url"]).text
        picture = clips.jpeg_of_first_frame(man)
        (face,) = client.post("/v1/pictures", content=picture).json()["faces"]
        with client.websocket_connect("/v1/stream") as socket:
            for number in range(3):
                socket.send_bytes(picture)
                seen = socket.receive_json()
                assert seen["frame"] == number and seen["faces"][0]["label"] == face["label"]
    assert run_script(predict, ["-video", str(man), "-formats", "csv", "-out", str(tmp_path / "out")]) == 0
    assert found == (tmp_path / "out" / man.stem / "frames.csv").read_text()
    assert next(csv.DictReader(found.splitlines()))["label"] == face["label"]
