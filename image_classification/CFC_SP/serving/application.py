# SPDX-License-Identifier: Apache-2.0
"""The server as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .access import Access, AccessKey, Counting
from .api_document import ABOUT, DescribedApplication
from .clip_routes import clip_routes
from .live_routes import live_routes
from .page_routes import page_routes
from .problems import add_problem_handlers
from .server_routes import server_routes
from .service import Service


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
    application = DescribedApplication(title="CFC-SP", version="1", description=ABOUT, lifespan=running, docs_url=None, redoc_url=None)
    # An address that is nearly one of ours is told as any other that is none.
    application.router.redirect_slashes = False
    add_problem_handlers(application)
    key = AccessKey(service.settings.token)
    for routes in (page_routes(), server_routes(service, key), clip_routes(service), live_routes(service)):
        application.include_router(routes)
    application.add_middleware(Access, key=key, hosts=service.settings.hosts, check=service.check_connections)
    # The last one added is the outermost: refusals are counted too.
    application.add_middleware(Counting, metrics=service.metrics)
    return application
