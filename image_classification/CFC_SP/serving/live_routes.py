# SPDX-License-Identifier: Apache-2.0
"""What is answered at once: pictures, and the frames of a camera."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, WebSocket, WebSocketDisconnect

from .frame_stream import FrameStream
from .route_parts import BODY, address_of, check_parameters, problems
from .schemas import PictureAnswer
from .service import Service

# A camera that sends nothing for so long, or takes no answer, makes room for another.
IDLE_S = 60.0
_NO_FRAME, _IDLE = 1003, 1001


def live_routes(service: Service) -> APIRouter:
    """The routes /v1/pictures and /v1/stream."""
    routes = APIRouter(prefix="/v1", tags=["live"])

    @routes.post(
        "/pictures",
        dependencies=[Depends(check_parameters)],
        openapi_extra=BODY,
        responses=problems(400, 408, 413, 415, 429, 503),
    )
    async def send_a_picture(
        request: Request, name: Annotated[str, Query(max_length=1000, description="what errors call it", examples=["face.jpg"])] = "picture"
    ) -> PictureAnswer:
        """The faces of a picture, at once. The body is the file itself: JPEG, PNG, WebP, BMP or TIFF."""
        service.spend(address_of(request))
        return await service.add_picture(request, name)

    @routes.websocket("/stream")
    async def stream(socket: WebSocket) -> None:
        service.spend(address_of(socket))
        service.streams.check()
        with service.streams.one():
            await socket.accept()
            frames = FrameStream(service.live, service.metrics, service.limits)
            reading, answering = asyncio.create_task(_read(socket, frames)), asyncio.create_task(_answer(socket, frames))
            try:
                done, _ = await asyncio.wait((reading, answering), return_when=asyncio.FIRST_COMPLETED)
            finally:
                reading.cancel()
                answering.cancel()
                await asyncio.gather(reading, answering, return_exceptions=True)
                await frames.close()
            for task in done:
                task.result()

    return routes


async def _read(socket: WebSocket, frames: FrameStream) -> None:
    """Takes what the camera sends until it ends, or sends what is no frame."""
    while True:
        try:
            message = await asyncio.wait_for(socket.receive(), IDLE_S)
        except TimeoutError:
            if frames.owes_an_answer:
                continue
            await socket.close(_IDLE, f"no frame came for {IDLE_S:.0f} s")
            return
        if message["type"] == "websocket.disconnect":
            return
        if message.get("bytes") is None:
            await socket.close(_NO_FRAME, "expected JPEG frames as binary messages, found text")
            return
        frames.put(message["bytes"], time.monotonic())


async def _answer(socket: WebSocket, frames: FrameStream) -> None:
    """Answers the latest frame, again and again."""
    while True:
        answer = await frames.next_answer()
        try:
            await asyncio.wait_for(socket.send_json(answer), IDLE_S)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            # Whoever does not read, or is gone.
            return
