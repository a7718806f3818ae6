# SPDX-License-Identifier: Apache-2.0
"""Messages between server and worker processes."""

import asyncio
import io
import struct

import pytest

from image_classification.CFC_SP.serving.messages import MOST_BYTES, packed, read_message, receive_message


def test_both_ends_read_what_was_packed():
    data = packed({"a": [1, None, "ü"]}, b"\x00picture") + packed({})
    file = io.BytesIO(data)
    assert read_message(file) == ({"a": [1, None, "ü"]}, b"\x00picture") and read_message(file) == ({}, b"")
    with pytest.raises(EOFError):
        read_message(file)

    async def received():
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await receive_message(reader), await receive_message(reader)

    assert asyncio.run(received()) == (({"a": [1, None, "ü"]}, b"\x00picture"), ({}, b""))


def test_a_length_that_no_message_has_is_refused_before_memory_is_taken():
    with pytest.raises(ValueError, match="at most"):
        read_message(io.BytesIO(struct.pack(">II", MOST_BYTES, 1)))
