# SPDX-License-Identifier: Apache-2.0
"""Errors as the server tells them: problem+json (RFC 9457), one sentence each."""

import asyncio
import re
from contextlib import suppress
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from ..support.errors import UserError

MEDIA_TYPE = "application/problem+json"
# What the command line calls -start is start in an address.
_OPTION = re.compile(r"(?<![^\s(])-(?=(?:formats|start|end|stride|window|smoothing|prior|search|min_confidence|min_segment|hide)\b)")
UNREADABLE = HTTPStatus.UNPROCESSABLE_ENTITY
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
"""All that mean something at one address or another, and OPTIONS."""
CLOSE = {"Connection": "close"}
"""The headers of an answer after which the rest of a body is not wanted."""
# Whoever still sends a body then has so long to notice the answer.
LINGER_S = 10.0
_OWN_FAULT = "the server met a fault of its own, which its log tells: try again, and report it if it comes again"


class Problem(Exception):
    """Ends a request with a status code and a sentence. retry_s: after how many seconds another try makes sense."""

    def __init__(self, status: int, sentence: str, retry_s: int | None = None, headers: dict[str, str] | None = None):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers = (headers or {}) | ({} if retry_s is None else {"Retry-After": str(retry_s)})


class LastResponse(JSONResponse):
    """Closes the connection, but takes in and drops what its client still sends before: else the client would find the connection reset,
    and not read the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer at once, and its end when the body has ended, the client is gone, or time is up."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})


def for_client(sentence: str) -> str:
    """A sentence that was written for the command line, with options as a client writes them."""
    return _OPTION.sub("", sentence)


def problem_response(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response that tells a problem."""
    kind = LastResponse if CLOSE.items() <= (headers or {}).items() else JSONResponse
    return kind(describe_problem(status, sentence), status, headers, MEDIA_TYPE)


def describe_problem(status: int, sentence: str) -> dict:
    """A problem as RFC 9457 writes it."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": sentence}


def add_problem_handlers(application: FastAPI) -> None:
    """Makes every error of the application a problem."""

    async def problem(_: Request, error: Problem):
        return problem_response(error.status, error.sentence, error.headers)

    async def mistake(_: Request, error: UserError):
        return problem_response(UNREADABLE, for_client(str(error)))

    async def invalid(_: Request, error: RequestValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return problem_response(
            UNREADABLE, f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}, found {str(first.get('input'))[:100]!r}"
        )

    async def http(request: Request, error: HTTPException):
        sentences = {
            HTTPStatus.NOT_FOUND: "expected an address of this server, found another: /openapi.json lists them",
            HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} has no meaning here: /openapi.json lists what has",
        }
        headers = {"Allow": _methods_of(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
        return problem_response(error.status_code, sentences.get(error.status_code, str(error.detail)), headers)

    async def fault(_: Request, error: Exception):
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, _OWN_FAULT)

    for kind, handler in {Problem: problem, UserError: mistake, RequestValidationError: invalid, HTTPException: http}.items():
        application.add_exception_handler(kind, handler)
    # Starlette logs the traceback of these.
    application.add_exception_handler(Exception, fault)


def _methods_of(request: Request) -> str:
    """The methods that this address has, in all of its routes: Starlette's own list is that of the first of them."""
    wanted = ((method, dict(request.scope) | {"method": method}) for method in METHODS)
    return ", ".join(method for method, scope in wanted if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes))
