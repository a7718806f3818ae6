# SPDX-License-Identifier: Apache-2.0
"""The body of a request, bounded in bytes and in time while it comes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from ..support.errors import NO_ROOM
from .problems import CLOSE, Problem

# A sender may pause for so long, and must on the whole be faster than that after its first minute.
PAUSE_S, FIRST_S, SLOWEST_BYTES_A_SECOND = 30.0, 60.0, 10_000
# Written to the disk at a time.
_CHUNK_BYTES = 1 << 20


async def receive_file(request: Request, path: Path, most: int) -> int:
    """Writes the body to the file `path` as it comes and returns its bytes; raises Problem as `receive_bytes`, and where the disk is
    full."""
    try:
        with open(path, "wb") as file:
            async for chunk in _chunks(request, most):
                await asyncio.to_thread(file.write, chunk)
            return file.tell()
    except OSError as fault:
        if fault.errno not in NO_ROOM:
            raise
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the server's disk is full: try again later", 300) from fault


async def receive_bytes(request: Request, most: int) -> bytes:
    """The body; raises Problem for one of more than `most` bytes, an empty one, a form, and one that comes too slowly."""
    return b"".join([chunk async for chunk in _chunks(request, most)])


async def _chunks(request: Request, most: int, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[bytes]:
    """The body in pieces of about _CHUNK_BYTES."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "expected the file itself as the body, found a form: send it with curl -T FILE",
            headers=CLOSE,
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most, f"{int(announced)}")
    begin, received, held, held_bytes = clock(), 0, [], 0
    pieces = request.stream()
    while True:
        left_s = FIRST_S + received / SLOWEST_BYTES_A_SECOND - (clock() - begin)
        try:
            piece = await asyncio.wait_for(anext(pieces, None), max(0.0, min(PAUSE_S, left_s)))
        except TimeoutError:
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, "the upload came too slowly or stopped: send it again", headers=CLOSE) from None
        except ClientDisconnect as gone:
            raise Problem(HTTPStatus.BAD_REQUEST, "the upload was interrupted: send it again", headers=CLOSE) from gone
        if piece is None:
            break
        received, held_bytes = received + len(piece), held_bytes + len(piece)
        if received > most:
            raise _too_large(most, "more")
        held.append(piece)
        if held_bytes >= _CHUNK_BYTES:
            yield b"".join(held)
            held, held_bytes = [], 0
    if not received:
        raise Problem(HTTPStatus.BAD_REQUEST, "expected a file as the body, found an empty one: send it with curl -T FILE")
    yield b"".join(held)


def _too_large(most: int, found: str) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {most} bytes, found {found}: send a shorter or smaller file", headers=CLOSE
    )
