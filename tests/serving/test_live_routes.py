# SPDX-License-Identifier: Apache-2.0
"""Pictures and cameras over HTTP."""

import cv2
import numpy as np
import pytest
from starlette.testclient import WebSocketDenialResponse

from image_classification.CFC_SP.core.labels import EXPR
from tests.events import wait_until
from tests.serving.fake_recognizer import DEADLY, LOST


def jpeg(width=64, height=48):
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def test_a_parameter_that_no_picture_has_is_told(client):
    answer = client.post("/v1/pictures", content=jpeg(), params={"hide": "blur"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "expected parameters among name, found 'hide': leave it out, or correct its name"


def test_a_picture_is_answered_at_once(client):
    answer = client.post("/v1/pictures", content=jpeg()).json()
    assert (answer["width"], answer["height"]) == (64, 48)
    (face,) = answer["faces"]
    assert face["label"] == "Happiness" and list(face["probabilities"]) == list(EXPR) and face["box"] == [16.0, 9.6, 38.4, 40.8]


@pytest.mark.parametrize(
    ("content", "status", "word"),
    [
        (b"no picture", 422, "picture"),
        (b"", 400, "empty"),
        (jpeg()[:200], 422, "decode"),
        (jpeg(DEADLY), 422, "twice"),
        (jpeg(LOST), 422, "twice"),
    ],
)
def test_what_is_no_picture_is_told(client, content, status, word):
    answer = client.post("/v1/pictures", content=content, params={"name": "a/face.jpg"})
    assert answer.status_code == status and word in answer.json()["detail"]
    assert client.post("/v1/pictures", content=jpeg()).status_code == 200


def test_a_process_that_is_killed_while_nobody_asks_is_there_again_before_somebody_does(client):
    assert client.post("/v1/pictures", content=jpeg()).status_code == 200
    killed = client.service.live._link
    killed.kill()
    wait_until(lambda: killed.has_ended)
    wait_until(lambda: client.get("/readyz").status_code == 200)
    assert client.service.live._link is not killed
    assert client.post("/v1/pictures", content=jpeg()).status_code == 200


def test_frames_of_a_camera_are_answered_with_the_count_of_the_dropped(client):
    with client.websocket_connect("/v1/stream") as socket:
        for number in range(3):
            socket.send_bytes(jpeg())
            answer = socket.receive_json()
            assert answer["frame"] == number and answer["dropped"] == 0 and answer["faces"][0]["track"] == 1
        # A telephone that is turned.
        socket.send_bytes(jpeg(48, 64))
        assert socket.receive_json()["height"] == 64
        socket.send_bytes(b"no picture")
        assert "expected a picture" in socket.receive_json()["error"]
        for _ in range(50):
            socket.send_bytes(jpeg())
        last = None
        while last is None or last["frame"] < 54:
            last = socket.receive_json()
        assert 0 <= last["dropped"] <= 49
        socket.send_text("hello")
        assert socket.receive()["code"] == 1003


def test_limits_of_pictures_and_cameras(strict):
    assert strict.post("/v1/pictures", content=bytes(1001)).status_code == 413
    assert "4320 pixels" in strict.post("/v1/pictures", content=jpeg(100, 48)).json()["detail"]
    with strict.websocket_connect("/v1/stream") as socket:
        socket.send_bytes(bytes(901))
        assert "at most 900 bytes" in socket.receive_json()["error"]
        with pytest.raises(WebSocketDenialResponse) as refused, strict.websocket_connect("/v1/stream"):
            pass
        assert refused.value.status_code == 503 and refused.value.headers["retry-after"] == "10"
