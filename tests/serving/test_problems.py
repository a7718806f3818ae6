# SPDX-License-Identifier: Apache-2.0
"""Errors are problems: one sentence, one status code, one form."""

import pytest

from image_classification.CFC_SP.serving.problems import Problem, describe_problem, for_client


def test_every_error_is_a_problem(client):
    for answer in (client.get("/nowhere"), client.put("/v1/clips"), client.post("/v1/clips", params={"stride": "x"})):
        assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"].count("\n") == 0


@pytest.mark.parametrize("asked", ["", "x", "bytes=99999999-", "bytes=0-0,2-2"])
@pytest.mark.parametrize("path", ["/v1/sample", "/page.js"])
def test_a_part_that_no_file_has_is_a_problem_wherever_it_is_asked_for(client, path, asked):
    answer = client.get(path, headers={"Range": asked})
    assert answer.status_code == 416 and answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_an_address_has_not_is_told_with_all_it_has(client):
    for path, allowed in (("/v1/clips/x", "GET, DELETE"), ("/v1/clips", "POST"), ("/page.js", "GET, HEAD")):
        answer = client.options(path)
        assert answer.status_code == 405 and answer.headers["allow"] == allowed


def test_an_address_with_a_slash_more_is_another(client):
    assert client.get("/v1/about/", follow_redirects=False).status_code == 404


def test_a_fault_of_the_server_s_own_tells_nothing_of_it(client, monkeypatch):
    monkeypatch.setattr(client.service.store, "get", lambda clip_id: 1 / 0)
    answer = client.get("/v1/clips/x")
    assert answer.status_code == 500 and "fault of its own" in answer.json()["detail"] and "division" not in answer.text


def test_only_options_lose_their_dash():
    for said in ("'a -b.mp4': -1 is below 0", "re-start it", "x-end", "'-start.mp4' is cut"):
        assert for_client(said) == said
    assert for_client("-prior 2: leave it (or -min_segment, -hide) out") == "prior 2: leave it (or min_segment, hide) out"


def test_a_problem_says_when_to_try_again():
    assert Problem(503, "full", 10).headers == {"Retry-After": "10"} and Problem(400, "x").headers == {}
    assert describe_problem(413, "too much")["title"] == "Request Entity Too Large"
