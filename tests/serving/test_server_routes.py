"""What the server says of itself."""

import json

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.writers.output import FILES


def test_it_says_what_it_is_and_takes(client, clip):
    about = client.get("/v1/about").json()
    assert about["classes"] == list(EXPR) and about["formats"] == list(FILES) and about["sample"]
    assert about["limits"]["clip_bytes"] == client.service.limits.clip_bytes
    assert client.get("/v1/sample").content == clip.read_bytes()
    assert client.get("/healthz").text == "well\n" and client.get("/readyz").text == "ready\n"


def test_it_is_not_ready_before_the_networks_are(serve, tmp_path):
    client = serve(tmp_path)
    answer = client.get("/readyz")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"
    assert client.get("/v1/sample").status_code == 404
    client.service.store.close()


def test_metrics_count_routes_and_not_ids(client):
    client.get("/v1/clips/0123456789abcdef0123456789abcdef")
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert 'cfc_sp_requests_total{method="GET",route="/v1/clips/{clip_id}",status="404"}' in text
    assert 'route="other",status="404"' in text and "0123456789abcdef" not in text and "nowhere" not in text
    for name in ("waiting_clips", "working_clips", "open_streams", "result_bytes", "ready_workers", "worker_restarts_total"):
        assert f"cfc_sp_{name} " in text


def test_openapi_tells_a_client_all_it_needs(client):
    told = client.get("/openapi.json").json()
    assert set(told["paths"]) == {
        *("/v1/clips", "/v1/clips/{clip_id}", "/v1/clips/{clip_id}/events", "/v1/clips/{clip_id}/files/{name}", "/v1/pictures"),
        *("/healthz", "/readyz", "/metrics", "/v1/about", "/v1/session", "/v1/sample"),
    }
    assert "WS /v1/stream" in told["info"]["description"]
    body = told["paths"]["/v1/clips"]["post"]["requestBody"]["content"]["application/octet-stream"]["schema"]
    assert body == {"type": "string", "format": "binary"}
    assert set(told["paths"]["/v1/clips"]["post"]["responses"]) == {"202", "400", "401", "408", "413", "415", "422", "429", "503"}
    for name in ("ClipAnswer", "PictureAnswer", "FaceAnswer", "AboutAnswer"):
        assert told["components"]["schemas"][name]["examples"], name
    for path, operations in told["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                wanted = status[0] in "45"
                assert ("application/problem+json" in answer.get("content", {})) == wanted, (path, status)
    assert "cdn" not in json.dumps(told)


def test_every_error_is_a_problem(client):
    for answer in (client.get("/nowhere"), client.put("/v1/clips"), client.post("/v1/clips", params={"stride": "x"})):
        assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"].count("\n") == 0
