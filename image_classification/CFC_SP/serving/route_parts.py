# SPDX-License-Identifier: Apache-2.0
"""What several routes share."""

from http import HTTPStatus

from starlette.requests import HTTPConnection

from .problems import MEDIA_TYPE
from .schemas import ProblemAnswer

BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, not a form: curl -T FILE.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What OpenAPI says of an upload."""


def problems(*statuses: int) -> dict[int, dict]:
    """What OpenAPI says of a route that may answer with these status codes."""
    content = {MEDIA_TYPE: {"schema": ProblemAnswer.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in (*statuses, 401, 422)}


def address_of(connection: HTTPConnection) -> str:
    """Whom a request counts for."""
    return connection.client.host if connection.client else "unknown"
