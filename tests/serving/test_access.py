# SPDX-License-Identifier: Apache-2.0
"""Who may use the server, and what its answers tell browsers."""

import pytest
from starlette.requests import HTTPConnection

from image_classification.CFC_SP.serving.access import COOKIE, PAGE_POLICY, Access, AccessKey

TOKEN = "a-token-of-24-characters"


@pytest.fixture
def ask():
    """Gives `ask(token, hosts, path, method, kind, **headers)`: the status code of a refusal, or 200."""

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def ask(token=None, hosts=(), path="/v1/about", method="GET", kind="http", **headers):
        import asyncio

        sent = []

        async def send(message):
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": kind, "path": path, "method": method, "headers": raw, "query_string": b"", "scheme": "http", "server": ("x", 80)}
        scope |= {"extensions": {"websocket.http.response": {}}}
        asyncio.run(Access(application, AccessKey(token), hosts)(scope, None, send))
        return sent[0]["status"], dict(sent[0]["headers"])

    return ask


def test_the_token_is_asked_for_and_the_page_that_asks_for_it_is_not(ask):
    assert ask(TOKEN)[0] == 401 and ask(TOKEN)[1][b"www-authenticate"] == b"Bearer"
    assert ask(TOKEN, authorization="Bearer wrong")[0] == 401
    assert ask(TOKEN, authorization=f"Basic {TOKEN}")[0] == 401
    assert ask(TOKEN, authorization="Bearer \xff")[0] == 401
    assert ask(TOKEN, authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(TOKEN, path="/metrics")[0] == 401 and ask(TOKEN, kind="websocket", path="/v1/stream")[0] == 401
    for path in ("/", "/page.js", "/healthz", "/v1/session"):
        assert ask(TOKEN, path=path)[0] == 200


def test_a_browser_s_cookie_stands_for_the_token_and_does_not_tell_it(ask):
    def connection(value):
        return HTTPConnection({"type": "http", "headers": [(b"authorization", value.encode())]})

    cookie = AccessKey(TOKEN).cookie_for(connection(f"Bearer {TOKEN}"))
    assert cookie and TOKEN not in cookie and AccessKey(TOKEN).cookie_for(connection("Bearer x")) is None
    assert AccessKey(None).cookie_for(connection("Bearer ")) is None
    assert ask(TOKEN, cookie=f"{COOKIE}={cookie}")[0] == 200 and ask("another-token-of-the-kind", cookie=f"{COOKIE}={cookie}")[0] == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("evil.example:8000", 421),
        ("", 421),
        ("[", 421),
        ("localhost.evil", 421),
    ],
)
def test_another_name_is_refused(ask, host, status):
    assert ask(hosts=("localhost", "::1"), host=host)[0] == status


def test_pages_of_other_sites_change_nothing_and_open_no_stream(ask):
    theirs = {"host": "localhost:8000", "origin": "http://evil.example"}
    assert ask(method="POST", **theirs)[0] == 403 and ask(method="DELETE", **theirs)[0] == 403
    assert ask(kind="websocket", path="/v1/stream", **theirs)[0] == 403
    assert ask(method="POST", host="localhost:8000", origin="null")[0] == 403
    assert ask(**theirs)[0] == 200, "reading is harmless: without CORS the page sees nothing of it"
    assert ask(method="POST", host="localhost:8000", origin="http://localhost:8000")[0] == 200
    assert ask(method="POST", host="localhost:8000")[0] == 200


def test_every_answer_bears_the_headers(ask):
    for headers in (ask()[1], ask(TOKEN)[1]):
        assert headers[b"content-security-policy"].decode() == PAGE_POLICY and "unsafe" not in PAGE_POLICY
        assert headers[b"x-content-type-options"] == b"nosniff" and b"access-control-allow-origin" not in headers


def test_a_token_keeps_everything_behind_it(serve, tmp_path):
    client = serve(tmp_path, token=TOKEN)
    assert client.get("/").status_code == 200 and client.get("/v1/about").status_code == 401
    assert client.post("/v1/session").status_code == 401
    answer = client.post("/v1/session", headers={"Authorization": f"Bearer {TOKEN}"})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204 and "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
    assert client.get("/v1/about").status_code == 200
    client.service.store.close()
