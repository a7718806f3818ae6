# SPDX-License-Identifier: Apache-2.0
"""Who may use the server, and what every answer of it says to browsers: an ASGI layer around the application."""

import hashlib
import hmac
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import METHODS, Problem, problem_response
from .server_metrics import ServerMetrics

COOKIE = "cfc_sp_session"
OPEN_TO_ALL = ("/", "/page.css", "/page.js", "/colours.css", "/icon.svg", "/healthz", "/readyz", "/v1/session")
"""What is served without a token: the page, which asks for it, and what tells whether the server is well."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class AccessKey:
    """The token that clients must know, None: everybody may. Compared in constant time."""

    def __init__(self, token: str | None):
        self._token = None if token is None else token.encode()

    def cookie_for(self, connection: HTTPConnection) -> str | None:
        """What the cookie of a browser is to hold that has sent the token; None where it has not."""
        return self._cookie() if self._token is not None and self._has_token(connection) else None

    def lets_in(self, connection: HTTPConnection) -> bool:
        """Whether the token, or the cookie in its place, comes with a request, or none is needed."""
        if self._token is None:
            return True
        has_cookie = hmac.compare_digest(connection.cookies.get(COOKIE, "").encode(), self._cookie().encode())
        return self._has_token(connection) or has_cookie

    def _has_token(self, connection: HTTPConnection) -> bool:
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        return hmac.compare_digest(token.strip().encode(), self._token) and kind.lower() == "bearer"

    def _cookie(self) -> str:
        return hmac.new(self._token, b"session", hashlib.sha256).hexdigest()


class Access:
    """Refuses calls by another name (DNS rebinding), from another site's page, and without the key.

    hosts: names by which the server may be called, without port; empty: any. check: raises Problem where nobody can be served.
    """

    def __init__(self, application: ASGIApp, key: AccessKey, hosts: tuple[str, ...], check: Callable[[], None] = lambda: None):
        self._application, self._key, self._hosts, self._check = application, key, {host.lower() for host in hosts}, check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        await (refusal or self._application)(scope, receive, _with_headers(send))

    def _refusal(self, connection: HTTPConnection) -> JSONResponse | None:
        try:
            self._check()
        except Problem as problem:
            return problem_response(problem.status, problem.sentence, problem.headers)
        host = connection.headers.get("host", "")
        if self._hosts and _name_of(host) not in self._hosts:
            sentence = f"expected a name of this server, found {host[:100]!r}: its operator allows it with -hosts"
            return problem_response(HTTPStatus.MISDIRECTED_REQUEST, sentence)
        if _is_from_elsewhere(connection, host):
            sentence = "expected a call by this server's own page or by a program, found one by another site: open this server's page"
            return problem_response(HTTPStatus.FORBIDDEN, sentence)
        if connection.url.path not in OPEN_TO_ALL and not self._key.lets_in(connection):
            sentence = "expected this server's token, found none or another: send it as Authorization: Bearer TOKEN"
            return problem_response(HTTPStatus.UNAUTHORIZED, sentence, {"WWW-Authenticate": "Bearer"})
        return None


def _is_from_elsewhere(connection: HTTPConnection, host: str) -> bool:
    """Whether a browser calls for a page of another site, and would change something here or open a stream."""
    is_harmless = connection.scope["type"] == "http" and connection.scope["method"] in ("GET", "HEAD", "OPTIONS")
    origin = connection.headers.get("origin")
    return not is_harmless and origin is not None and origin.rpartition("//")[2].lower() != host.lower()


def _name_of(host: str) -> str:
    """A Host header without its port and an IPv6 address's brackets."""
    name = host.lower()
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


class Counting:
    """Counts answers by route, method and status code."""

    def __init__(self, application: ASGIApp, metrics: ServerMetrics):
        self._application, self._metrics = application, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Neither ids nor a client's own words: each would be a time series of its own.
                route = getattr(scope.get("route"), "path", "other")
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._metrics.requests.labels(route, method, message["status"]).inc()
            await send(message)

        await self._application(scope, receive, counted if scope["type"] == "http" else send)


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
