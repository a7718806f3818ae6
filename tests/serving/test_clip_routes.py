# SPDX-License-Identifier: Apache-2.0
"""Clips over HTTP: sent, followed, fetched, removed; and what is refused, with which status code and sentence."""

import json

import pytest

from image_classification.CFC_SP.serving.rate_limit import RateLimit
from image_classification.CFC_SP.writers.rows_csv import COLUMNS
from tests import clips
from tests.events import wait_until


@pytest.fixture(scope="module")
def done(client, clip, send, ended):
    answer = send(client, clip, name="../my <b>clip</b>.mp4", formats="csv,json,mp4")
    assert answer.status_code == 202 and answer.headers["location"] == f"/v1/clips/{answer.json()['id']}"
    return ended(client, answer.json()["id"])


def problem(answer, status):
    """The sentence of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail"} and body["status"] == status
    return body["detail"]


def events_of(client, clip_id, last=""):
    with client.stream("GET", f"/v1/clips/{clip_id}/events", headers={"Last-Event-ID": last}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for block in "".join(answer.iter_text()).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if fields:
                yield fields | {"data": json.loads(fields["data"])}


def test_a_clip_becomes_results(client, done):
    assert done["state"] == "done" and done["name"] == "b>.mp4" and done["source"]["width"] == 64
    assert [file["name"] for file in done["files"]] == ["frames.csv", "result.json", "annotated.mp4"]
    rows = client.get(done["files"][0]["url"]).text.splitlines()
    assert rows[0] == ",".join(COLUMNS) and len(rows) == 31
    result = client.get(done["files"][1]["url"])
    # The results call the clip as the client does, and tell nothing of the server's folders.
    assert result.json()["source"]["path"] == "b>.mp4" and str(client.service.store.folder) not in result.text
    assert not client.service.store.upload(done["id"]).exists()
    assert 0 < done["expires_s"] <= 24 * 3600


def test_a_video_is_sent_in_parts(client, done):
    url = done["files"][2]["url"]
    whole = client.get(url)
    part = client.get(url, headers={"Range": "bytes=4-11"})
    assert part.status_code == 206 and part.content == whole.content[4:12] and part.content[:4] == b"ftyp"
    assert part.headers["content-range"] == f"bytes 4-11/{len(whole.content)}"
    assert client.get(url, headers={"Range": "bytes=-8"}).content == whole.content[-8:]
    kept = client.get(url, params={"download": True}).headers["content-disposition"]
    assert kept.startswith("attachment") and "/" not in kept.partition("''")[2]


def test_a_range_that_is_none_is_told(client, done):
    for asked in ("bytes=999999999-", "bytes=0-1,4-5"):
        answer = client.get(done["files"][0]["url"], headers={"Range": asked})
        size = done["files"][0]["bytes"]
        assert f"such as bytes=0-{size - 1}, found Range: {asked!r}" in problem(answer, 416)
        assert answer.headers["content-range"] == f"bytes */{size}"


def test_events_tell_all_rows_and_the_end(client, clip, send):
    clip_id = send(client, clip, formats="csv").json()["id"]
    found = list(events_of(client, clip_id))
    rows = [row for event in found if event["event"] == "rows" for row in event["data"]]
    assert [row["frame"] for row in rows] == list(range(30))
    assert rows[0]["label"] == "Happiness" and rows[0]["p_happiness"] == 0.72 and rows[10]["label"] == "Surprise"
    states = [event["data"]["state"] for event in found if event["event"] == "state"]
    assert states[-1] == "done" and set(states) <= {"waiting", "working", "done"}
    # Who lost the connection goes on behind what was seen.
    first = next(event["id"] for event in found if event["event"] == "rows")
    again = [row for event in events_of(client, clip_id, first) if event["event"] == "rows" for row in event["data"]]
    assert again == rows[len(rows) - len(again) :] and len(again) < len(rows)


def test_names_of_files_are_those_of_results_alone(client, done):
    for name in ("..%2f..%2fstate.sqlite", "upload", "%2fetc%2fpasswd", ".frames.csv.part-1", "report.html"):
        answer = client.get(f"/v1/clips/{done['id']}/files/{name}")
        assert answer.status_code == 404, name
    assert "frames.csv" in problem(client.get(f"/v1/clips/{done['id']}/files/nothing"), 404)
    assert problem(client.get("/v1/clips/..%2fstate.sqlite"), 404)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"formats": "csv,exe"}, "exe"),
        ({"start": "soon"}, "soon"),
        ({"stride": "0"}, "stride"),
        ({"search": "never"}, "never"),
        ({"window": "many"}, "window"),
        ({"hide": "mask"}, "hide: expected one of blur, pixelate, box, found 'mask'"),
        ({"hidden": "blur"}, "expected parameters among name, formats, start,"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_the_upload(client, query, word):
    assert word in problem(client.post("/v1/clips", params=query, content=b"x"), 422)


def test_options_are_called_what_a_client_calls_them(client, clip, send, ended):
    assert "end: expected a time after start (2 s)" in problem(client.post("/v1/clips?start=2&end=1", content=b"x"), 422)
    assert problem(client.post("/v1/clips?formats=exe", content=b"x"), 422).endswith("name one or more with formats")
    failed = ended(client, send(client, clip, formats="csv", start="99").json()["id"])
    assert failed["state"] == "failed" and failed["error"].endswith("choose another start and end.")


HOSTILE = {
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "address": b"http://127.0.0.1:9/clip.mp4\n",
    "page": b"<html><script>alert(1)</script></html>",
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_clip_is_refused_whatever_it_is_called(client, kind):
    detail = problem(client.post("/v1/clips", params={"name": "clip.mp4"}, content=HOSTILE[kind]), 422)
    assert "clip.mp4" in detail and str(client.service.store.folder) not in detail and "\n" not in detail


def test_uploads_that_are_refused_leave_nothing(client):
    folders = lambda: set((client.service.store.folder / "clips").iterdir())  # noqa: E731
    before = folders()
    client.post("/v1/clips", content=b"x" * 100)
    assert "form" in problem(client.post("/v1/clips", files={"file": b"x"}), 415)
    assert "form" in problem(client.post("/v1/clips", content=b"--x", headers={"Content-Type": "Multipart/Form-Data; boundary=x"}), 415)
    assert "empty" in problem(client.post("/v1/clips"), 400)
    assert folders() == before


def test_limits_have_their_status_codes(strict, tmp_path, clip, gated, gate, send):
    wide = clips.write_clip(tmp_path / "wide.mp4", clips.pictures(3, 96))
    long = clips.write_clip(tmp_path / "long.mp4", clips.pictures(40))
    gate.touch()
    assert "at most 100000 bytes" in problem(strict.post("/v1/clips", content=b"x" * 100_001), 413)
    assert "4320 pixels" in problem(send(strict, wide), 422)
    assert "1.2 s" in problem(send(strict, long), 422)
    first = send(strict, gated).json()["id"]
    wait_until(lambda: strict.get(f"/v1/clips/{first}").json()["state"] == "working")
    assert send(strict, clip).json()["place"] == 1
    full = send(strict, clip)
    assert "1 clips wait" in problem(full, 503) and full.headers["retry-after"] == "10"
    gate.unlink()


def test_who_asks_too_often_is_told_when_to_come_back(client, monkeypatch):
    monkeypatch.setattr(client.service, "rate", RateLimit(2))
    answers = [client.post("/v1/clips"), client.post("/v1/pictures"), client.post("/v1/clips")]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert "requests for work a minute" in problem(answers[2], 429) and int(answers[2].headers["retry-after"]) > 0


def test_a_clip_is_cancelled_while_it_waits_and_while_it_is_worked_on(client, clip, gated, gate, send, ended):
    gate.touch()
    working, waiting, last = (send(client, path, formats="csv").json() for path in (gated, clip, clip))
    assert last["place"] == waiting["place"] + 1
    wait_until(lambda: client.get(f"/v1/clips/{working['id']}").json()["state"] == "working")
    progress = client.get(f"/v1/clips/{working['id']}").json()["progress"]
    assert progress["stage"] == "reading" and progress["expected"] == 30
    assert client.delete(f"/v1/clips/{waiting['id']}").status_code == 204
    assert client.delete(f"/v1/clips/{working['id']}").status_code == 204
    for gone in (working, waiting):
        assert problem(client.get(f"/v1/clips/{gone['id']}"), 404)
        wait_until(lambda gone=gone: not client.service.store.home(gone["id"]).exists())
    assert ended(client, last["id"])["state"] == "done"
    gate.unlink()
    removed = client.delete(f"/v1/clips/{last['id']}")
    assert removed.status_code == 204 and "content-type" not in removed.headers
    assert problem(client.delete(f"/v1/clips/{last['id']}"), 404)
    assert not client.service.store.home(last["id"]).exists()
