# SPDX-License-Identifier: Apache-2.0
"""The server as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .access import Access, AccessKey, Counting
from .clip_routes import clip_routes
from .live_routes import live_routes
from .page_routes import page_routes
from .problems import add_problem_handlers
from .server_routes import server_routes
from .service import Service

_ABOUT = """Facial expressions in video: send a clip, follow it, fetch its results.

Errors are problem+json with one sentence in `detail`. Not in this list, since OpenAPI knows no WebSockets: **WS /v1/stream** takes JPEG
frames as binary messages and answers the latest of them with
`{"frame": 7, "time_s": 0.41, "width": 640, "height": 480, "faces": [...], "dropped": 2, "took_ms": 38.2}`,
faces as those of /v1/pictures, or with `{"frame": 7, "error": "...", "dropped": 2}`; `frame` counts the frames that were sent, from 0.
"""


def make_application(service: Service) -> FastAPI:
    """The application of `service`, which it opens and closes with itself."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await service.open()
        try:
            yield
        finally:
            await service.close()

    # FastAPI's own pages of documentation load scripts from elsewhere.
    application = FastAPI(title="CFC-SP", version="1", description=_ABOUT, lifespan=running, docs_url=None, redoc_url=None)
    add_problem_handlers(application)
    key = AccessKey(service.settings.token)
    for routes in (page_routes(), server_routes(service, key), clip_routes(service), live_routes(service)):
        application.include_router(routes)
    application.add_middleware(Access, key=key, hosts=service.settings.hosts)
    # The last one added is the outermost: refusals are counted too.
    application.add_middleware(Counting, metrics=service.metrics)
    return application
