# SPDX-License-Identifier: Apache-2.0
"""What several routes share."""

import asyncio
import os
import re
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from .problems import MEDIA_TYPE, UNREADABLE, Problem

BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, not a form: curl -T FILE. Its content decides what it is, whatever Content-Type says.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What OpenAPI says of an upload."""


PROBLEM = {"$ref": "#/components/schemas/ProblemAnswer"}
_RETRY = {"Retry-After": {"description": "seconds after which to try again", "schema": {"type": "integer"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route that may answer with these status codes."""
    answers: dict[int | str, dict[str, Any]] = {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": PROBLEM}}} for status in (*statuses, 401, 422)
    }
    for status in {429, 503} & set(statuses):
        answers[status]["headers"] = _RETRY
    return answers


_RANGES = {"Accept-Ranges": {"description": "bytes", "schema": {"type": "string"}}}
_PLACE = {"Content-Range": {"description": "bytes FIRST-LAST/ALL", "schema": {"type": "string"}}}
_RANGE = {"type": "string", "pattern": "^bytes=([0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})$"}
PART = {"parameters": [{"name": "range", "in": "header", "description": "one part of it", "schema": _RANGE, "example": "bytes=0-99"}]}
"""What OpenAPI says of a request for a SentFile."""


def sent_file(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route that answers a SentFile of one of these kinds."""
    parts: dict[str, dict] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    # A client reads JSON, and not a string of bytes; a part of it is none.
    json = {kind for kind in kinds if kind.endswith("json")}
    whole = parts | {kind: {"schema": {"type": "object"}} for kind in json}
    parts |= {kind: {} for kind in json}
    return {
        HTTPStatus.OK.value: {"content": whole, "headers": _RANGES},
        HTTPStatus.PARTIAL_CONTENT.value: {
            "description": "The part that Range asks for",
            "content": parts,
            "headers": _RANGES | _PLACE,
        },
    } | problems(404, 416)


def address_of(connection: HTTPConnection) -> str:
    """Whom a request counts for."""
    return connection.client.host if connection.client else "unknown"


def check_parameters(connection: HTTPConnection) -> None:
    """Raises Problem where the address names a parameter that its route does not know: a wish that was not heard would be taken for
    granted."""
    known = [field.alias for field in connection.scope["route"].dependant.query_params]
    unknown = [name for name in connection.query_params if name not in known]
    if unknown:
        found = ", ".join(repr(name[:100]) for name in unknown[:5])
        raise Problem(UNREADABLE, f"expected parameters among {', '.join(known)}, found {found}: leave it out, or correct its name")


class SentFile(FileResponse):
    """A file, or the one part of it that Range asks for; whatever cannot be had of it is a Problem, as everywhere."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            self.stat_result = await asyncio.to_thread(os.stat, self.path)
        except FileNotFoundError:
            raise Problem(HTTPStatus.NOT_FOUND, "this file has just been removed") from None
        self.set_stat_headers(self.stat_result)
        asked = Headers(scope=scope).get("range")
        if asked is not None:
            check_range(asked, self.stat_result.st_size)
        await super().__call__(scope, receive, send)


def check_range(asked: str, size: int) -> None:
    """Raises Problem for a Range that is not one part of a file of `size` bytes."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked.strip())
    first, last = (int(number) if number else None for number in found.groups()) if found else (None, None)
    if (first is not None and first < size and (last is None or first <= last)) or (first is None and last):
        return
    sentence = f"expected one part of the file's {size} bytes, such as bytes=0-{max(0, size - 1)}, found Range: {asked[:100]!r}"
    raise Problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, sentence, headers={"Content-Range": f"bytes */{size}"})
