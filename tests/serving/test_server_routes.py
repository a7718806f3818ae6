# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself."""

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
    assert client.get("/v1/about").json()["sample"] is False
    client.service.store.close()


def test_a_sample_that_is_gone_is_told(serve, tmp_path):
    client = serve(tmp_path / "data", sample=tmp_path / "gone.mp4")
    assert client.get("/v1/sample").json()["detail"] == "this server has no clip to try: send one of your own"
    client.service.store.close()


def test_metrics_count_routes_and_not_ids(client):
    client.get("/v1/clips/0123456789abcdef0123456789abcdef")
    client.get("/nowhere/at/all")
    client.request("BREW", "/v1/about")
    text = client.get("/metrics").text
    assert 'cfc_sp_requests_total{method="GET",route="/v1/clips/{clip_id}",status="404"}' in text
    assert 'route="other",status="404"' in text and "0123456789abcdef" not in text and "nowhere" not in text and "BREW" not in text
    for name in ("waiting_clips", "working_clips", "open_streams", "result_bytes", "ready_workers", "worker_restarts_total"):
        assert f"cfc_sp_{name} " in text
