# SPDX-License-Identifier: Apache-2.0
"""Errors are problems: one sentence, one status code, one form."""

from image_classification.CFC_SP.serving.problems import Problem, describe_problem


def test_every_error_is_a_problem(client):
    for answer in (client.get("/nowhere"), client.put("/v1/clips"), client.post("/v1/clips", params={"stride": "x"})):
        assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"].count("\n") == 0


def test_a_fault_of_the_server_s_own_tells_nothing_of_it(client, monkeypatch):
    monkeypatch.setattr(client.service.store, "get", lambda clip_id: 1 / 0)
    answer = client.get("/v1/clips/x")
    assert answer.status_code == 500 and "fault of its own" in answer.json()["detail"] and "division" not in answer.text


def test_a_problem_says_when_to_try_again():
    assert Problem(503, "full", 10).headers == {"Retry-After": "10"} and Problem(400, "x").headers == {}
    assert describe_problem(413, "too much")["title"] == "Request Entity Too Large"
