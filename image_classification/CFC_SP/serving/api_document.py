# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: what FastAPI makes of the routes, and what a client has to know beside it."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from .access import COOKIE, OPEN_TO_ALL
from .problems import MEDIA_TYPE
from .route_parts import PROBLEM
from .schemas import AboutAnswer, ClipAnswer, FaceAnswer, FrameAnswer, LimitsAnswer, PictureAnswer, ProblemAnswer, RowAnswer

ABOUT = """Facial expressions in video: send a clip, follow it, fetch its results.

**Errors** are problem+json (schema `ProblemAnswer`) with one sentence in `detail`. Beside those that an address lists, any may answer
401 (no token, or another one), 403 (called by another site's page), 421 (called by a name that is not this server's), 503 (too many
connections), 405 and 404. Only what is no HTTP gets plain text, with 400. 429 and 503 say in `Retry-After` after how many seconds to
try again.

**Access.** Where the operator has set a token, send it as `Authorization: Bearer TOKEN` to all but /healthz, /readyz and /v1/session.

**WS /v1/stream**, which OpenAPI cannot list: send JPEG or PNG frames as binary messages, one picture each; all of one camera, since faces
are followed from frame to frame and labels are smoothed over the past. Each answer is a text message with JSON (schema `FrameAnswer`)
about the latest frame: those that came meanwhile are dropped and counted, so send a frame without waiting for the answer to the last, or
wait for each to have all answered. Closing the WebSocket ends the stream. The server closes it with 1003 after a text message, 1009
after a message of more than `limits.frame_bytes` of /v1/about, and 1001 when no frame has come for 60 s or when it ends. It may refuse the
handshake with 401, 403, 421, 429 or 503 and a problem.
"""
# Nulls in examples do not outlive FastAPI, and what no route answers in JSON is not in its list.
_EXAMPLES = (AboutAnswer, ClipAnswer, FaceAnswer, LimitsAnswer, PictureAnswer)
_BESIDE: tuple[type[BaseModel], ...] = (ProblemAnswer, FrameAnswer, RowAnswer)
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "the operator's token, where one is set"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "what /v1/session gives a browser for the token"},
}


class DescribedApplication(FastAPI):
    """FastAPI with a whole document."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            complete(super().openapi())
        return super().openapi()


def complete(document: dict[str, Any]) -> None:
    """Adds to the document, in place, what FastAPI does not know."""
    components = document["components"]
    for model in _BESIDE:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= schema.pop("$defs", {}) | {model.__name__: schema}
    for model in _EXAMPLES:
        components["schemas"][model.__name__]["examples"] = model.model_config["json_schema_extra"]["examples"]
    components["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path not in OPEN_TO_ALL:
                operation["security"] = [{}, *({name: []} for name in _SCHEMES)]
            operation["responses"]["default"] = {"description": "Any other error", "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
            for parameter in operation.get("parameters", ()):
                _without_null(parameter["schema"])


def _without_null(schema: dict[str, Any]) -> None:
    """A parameter that may be left out is not one that may be null."""
    others = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(others) == 1:
        del schema["anyOf"]
        schema |= others[0]
