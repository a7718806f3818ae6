# SPDX-License-Identifier: Apache-2.0
"""What several routes share."""

import re
from http import HTTPStatus
from typing import Any

from starlette.requests import HTTPConnection

from .problems import MEDIA_TYPE, Problem

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


def file_content(*kinds: str) -> dict[str, dict]:
    """What OpenAPI says of an answer that is a file of one of these kinds."""
    return {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}


def address_of(connection: HTTPConnection) -> str:
    """Whom a request counts for."""
    return connection.client.host if connection.client else "unknown"


def check_range(asked: str, size: int) -> None:
    """Raises Problem for a Range that is not one part of a file of `size` bytes."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked.strip()) if asked else None
    first, last = (int(number) if number else None for number in found.groups()) if found else (None, None)
    if not asked or (first is not None and first < size and (last is None or first <= last)) or (first is None and last):
        return
    sentence = f"expected one part of the file's {size} bytes, such as bytes=0-{max(0, size - 1)}, found Range: {asked[:100]!r}"
    raise Problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, sentence, headers={"Content-Range": f"bytes */{size}"})
