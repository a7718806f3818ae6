# SPDX-License-Identifier: Apache-2.0
"""The server as a program: it listens, and ends with all that it has started."""

import asyncio
import logging
import socket

import uvicorn

from ..support.errors import UserError
from .application import make_application
from .service import Service
from .settings import Settings

# Whoever is still fetching when the server ends has so long.
_FAREWELL_S = 3


def run_server(settings: Settings, host: str, port: int, behind_proxy: bool = False) -> None:
    """Serves until Ctrl-C or SIGTERM. behind_proxy: a reverse proxy on this machine says whom a request is from.

    port: 0 lets the system choose. Raises UserError where the address is taken or the data folder cannot be used, and for a bundle, a
    device or an engine that cannot be had.
    """
    listening = _listen(host, port)
    try:
        service = Service(settings)
        config = uvicorn.Config(
            make_application(service),
            # What strangers send that is no HTTP is no news.
            log_level="error",
            # Addresses hold the ids of clips, which are the keys to them.
            access_log=False,
            proxy_headers=behind_proxy,
            server_header=False,
            ws_max_size=settings.limits.frame_bytes,
            timeout_graceful_shutdown=_FAREWELL_S,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        server = _Server(config, service)
        # uvicorn could count them itself, but its refusal would be no problem+json.
        service.connections = server.server_state.connections
        place = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        print(f"Serving at {place}, data in {str(service.store.folder)!r}; Ctrl-C ends it.", flush=True)
        asyncio.run(server.serve_all(listening))
    finally:
        listening.close()
    if service.queue.refusal is not None:
        raise UserError(service.queue.refusal)


def _is_news(record: logging.LogRecord) -> bool:
    # uvicorn says it of every camera that is refused with a status code.
    return record.getMessage() != "ASGI callable returned without completing handshake."


class _Server(uvicorn.Server):
    """Tells the service when the end begins, so that event streams end too, and ends when no recognizer can be had."""

    def __init__(self, config: uvicorn.Config, service: Service):
        super().__init__(config)
        self._service = service

    def handle_exit(self, number: int, frame) -> None:
        """As uvicorn's own."""
        super().handle_exit(number, frame)
        asyncio.get_running_loop().call_soon_threadsafe(self._service.begin_closing)

    async def serve_all(self, listening: socket.socket) -> None:
        """Serves on the open socket until a signal."""
        refused = asyncio.create_task(self._end_when_refused())
        try:
            await self.serve(sockets=[listening])
        finally:
            refused.cancel()

    async def _end_when_refused(self) -> None:
        await self._service.queue.refused.wait()
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise UserError(f"expected an address to listen at, found {host}:{port} ({reason}): choose another -host or -port") from fault
    return listening
