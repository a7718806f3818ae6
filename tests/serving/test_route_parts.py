# SPDX-License-Identifier: Apache-2.0
"""What of a file may be asked for."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from image_classification.CFC_SP.serving.problems import Problem, add_problem_handlers
from image_classification.CFC_SP.serving.route_parts import SentFile, check_range


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=9-9", "bytes=3-", "bytes=0-9999", "bytes=-1", "bytes=-9999", " bytes=0-0 "])
def test_one_part_may_be_asked_for(asked):
    check_range(asked, 10)


@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=10-", "bytes=7-3", "bytes=-0", "bytes=-", "bytes=", "", "bytes=0-1,4-5", "bytes=" + "0-0," * 2000 + "1-1"),
        *("items=0-5", "x", f"bytes={'9' * 5000}-", "bytes=-1-", "bytes=\u00b2-"),
    ],
)
def test_what_is_no_part_is_told(asked):
    with pytest.raises(Problem, match="expected one part of the file's 10 bytes, such as bytes=0-9, found Range:") as told:
        check_range(asked, 10)
    assert told.value.status == 416 and told.value.headers["Content-Range"] == "bytes */10" and len(told.value.sentence) < 250


def test_a_file_that_goes_before_it_is_sent_is_told(tmp_path):
    application = FastAPI()
    add_problem_handlers(application)
    application.add_api_route("/file", lambda: SentFile(tmp_path / "gone"))
    answer = TestClient(application).get("/file")
    assert answer.status_code == 404 and answer.json()["detail"] == "this file has just been removed"
