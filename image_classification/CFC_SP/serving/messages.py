# SPDX-License-Identifier: Apache-2.0
"""What the server and its worker processes say to each other: JSON, with bytes beside it where there are some.

Not pickles, which would let a worker that a hostile clip has taken over run its code in the server.
"""

import asyncio
import json
import struct
from typing import BinaryIO

_HEAD = struct.Struct(">II")
MOST_BYTES = 64 << 20


def packed(message: dict, payload: bytes = b"") -> bytes:
    """A message as bytes: the lengths of its two parts, JSON, `payload`."""
    text = json.dumps(message).encode()
    return _HEAD.pack(len(text), len(payload)) + text + payload


def read_message(file: BinaryIO) -> tuple[dict, bytes]:
    """The next message and its payload; raises EOFError where there is none any more."""
    text, payload = (_read(file, length) for length in _lengths(_read(file, _HEAD.size)))
    return json.loads(text), payload


async def receive_message(reader: asyncio.StreamReader) -> tuple[dict, bytes]:
    """As `read_message`; raises asyncio.IncompleteReadError at the end, and ValueError for what is no message."""
    text, payload = [await reader.readexactly(length) for length in _lengths(await reader.readexactly(_HEAD.size))]
    return json.loads(text), payload


def _lengths(head: bytes) -> tuple[int, int]:
    lengths = _HEAD.unpack(head)
    if sum(lengths) > MOST_BYTES:
        raise ValueError(f"expected a message of at most {MOST_BYTES} bytes, found {sum(lengths)}")
    return lengths


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise EOFError("the other side has ended")
    return data
