# SPDX-License-Identifier: Apache-2.0
"""What OpenAPI tells beside the routes: all of it is there, and what the server sends is what it says."""

import json
import re

import pytest

from image_classification.CFC_SP.serving import schemas
from tests import clips


@pytest.fixture(scope="module")
def told(client):
    return client.get("/openapi.json").json()


def test_every_name_leads_somewhere_and_every_example_fits_its_schema(told):
    known = told["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told))) <= set(known)
    assert set(re.findall(r"schema `(\w+)`", json.dumps(told))) == {"ClipAnswer", "FrameAnswer", "ProblemAnswer", "RowAnswer"}
    for name in ("AboutAnswer", "ClipAnswer", "FaceAnswer", "FrameAnswer", "LimitsAnswer", "PictureAnswer", "ProblemAnswer"):
        (example,) = known[name]["examples"]
        getattr(schemas, name).model_validate(example, strict=True)
        assert set(known[name]["required"]) <= set(example) <= set(known[name]["properties"]), name


def test_a_parameter_is_left_out_and_never_null(told):
    parameters = [each for path in told["paths"].values() for operation in path.values() for each in operation.get("parameters", ())]
    assert len(parameters) > 15 and not [each["name"] for each in parameters if "null" in json.dumps(each)]
    schema_of = {each["name"]: each["schema"] for each in parameters}
    assert schema_of["window"]["type"] == "integer" and schema_of["min_confidence"]["maximum"] == 1
    assert schema_of["smoothing"]["enum"] == ["logits", "probabilities", "decoder"] and schema_of["search"]["enum"] == ["auto", "every"]
    assert "range" in schema_of and "last-event-id" in schema_of


def test_it_says_how_to_be_let_in_and_when_to_come_again(told):
    assert told["components"]["securitySchemes"]["token"] == {
        "type": "http",
        "scheme": "bearer",
        "description": "the operator's token, where one is set",
    }
    send = told["paths"]["/v1/clips"]["post"]
    assert send["security"] == [{}, {"token": []}, {"session": []}] and "security" not in told["paths"]["/readyz"]["get"]
    assert "Location" in send["responses"]["202"]["headers"]
    for status in ("429", "503"):
        assert "Retry-After" in send["responses"][status]["headers"]
    file = told["paths"]["/v1/clips/{clip_id}/files/{name}"]["get"]["responses"]
    assert {"video/mp4", "text/csv; charset=utf-8"} <= set(file["200"]["content"]) == set(file["206"]["content"])
    kinds = [file[status]["content"]["application/json"].get("schema", {}).get("type") for status in ("200", "206")]
    assert kinds == ["object", None] and file["200"]["content"]["video/mp4"]["schema"]["format"] == "binary"
    sample = told["paths"]["/v1/sample"]["get"]
    assert {"200", "206", "404", "416"} <= set(sample["responses"]) and [each["name"] for each in sample["parameters"]] == ["range"]
    pattern = sample["parameters"][0]["schema"]["pattern"]
    assert re.search(pattern, "bytes=0-99") and re.search(pattern, "bytes=-9") and not re.search(pattern, "bytes=0-1,4-5")


def test_events_and_frames_are_as_their_schemas_say(client, clip, send):
    """OpenAPI binds neither to its schema: it knows only bodies."""
    clip_id = send(client, clip, formats="csv").json()["id"]
    events = client.get(f"/v1/clips/{clip_id}/events").text.split("\n\n")
    rows = [row for event in events if "event: rows" in event for row in json.loads(event.partition("data: ")[2])]
    states = [json.loads(event.partition("data: ")[2]) for event in events if "event: state" in event]
    assert len(rows) == 30 and states[-1]["state"] == "done"
    with client.websocket_connect("/v1/stream") as socket:
        frames = []
        for data in (clips.jpeg_of_first_frame(clip), b"no picture"):
            socket.send_bytes(data)
            frames.append(socket.receive_json())
    assert "faces" in frames[0] and "error" in frames[1]
    for model, found in ((schemas.RowAnswer, rows), (schemas.ClipAnswer, states), (schemas.FrameAnswer, frames)):
        for answer in found:
            model.model_validate(answer, strict=True)
            assert set(answer) <= set(model.model_fields)
