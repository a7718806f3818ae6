# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself: whether it is well, what it takes, what it counts; and how a browser logs in."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from ..core.labels import EXPR
from ..support.own_version import own_version
from ..writers.output import FILES
from .access import COOKIE, AccessKey
from .problems import Problem
from .route_parts import PART, SentFile, address_of, problems, sent_file
from .schemas import AboutAnswer, limits_answer
from .server_metrics import CONTENT_TYPE
from .service import Service

_COOKIE = {
    HTTPStatus.NO_CONTENT.value: {"headers": {"Set-Cookie": {"description": f"{COOKIE}, for this visit", "schema": {"type": "string"}}}}
}


def server_routes(service: Service, key: AccessKey) -> APIRouter:
    """The routes /healthz, /readyz, /metrics, /v1/about, /v1/session and /v1/sample."""
    routes = APIRouter(tags=["server"])

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def is_it_alive() -> str:
        """Answers as long as the server does."""
        return "well\n"

    @routes.get("/readyz", response_class=PlainTextResponse, responses=problems(503))
    async def is_it_ready() -> str:
        """Whether the networks are loaded."""
        if not service.is_ready:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the networks are being loaded: try again in a moment", 2)
        return "ready\n"

    @routes.get("/metrics", response_class=PlainTextResponse, responses=problems())
    async def count() -> Response:
        """What was counted, for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    @routes.get("/v1/about", responses=problems())
    async def look_at_the_server() -> AboutAnswer:
        """What this server is and takes."""
        return AboutAnswer(
            version=own_version(),
            classes=list(EXPR),
            formats=list(FILES),
            sample=service.settings.sample is not None,
            limits=limits_answer(service.limits),
        )

    @routes.post("/v1/session", status_code=HTTPStatus.NO_CONTENT, response_class=Response, responses=_COOKIE | problems(429))
    async def log_in(request: Request, response: Response) -> None:
        """Gives a browser that sends the token (Authorization: Bearer TOKEN) a cookie in its place."""
        service.spend(address_of(request))
        cookie = key.cookie_for(request)
        if cookie is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "expected this server's token, found another: ask its operator",
                headers={"WWW-Authenticate": "Bearer"},
            )
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=request.url.scheme == "https")

    @routes.get("/v1/sample", response_class=SentFile, responses=sent_file("video/mp4"), openapi_extra=PART)
    async def fetch_the_sample() -> SentFile:
        """A clip to try."""
        sample = service.settings.sample
        if sample is None or not sample.is_file():
            raise Problem(HTTPStatus.NOT_FOUND, "this server has no clip to try: send one of your own")
        return SentFile(sample, media_type="video/mp4", filename=sample.name)

    return routes
