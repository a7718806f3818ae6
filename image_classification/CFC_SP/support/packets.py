# SPDX-License-Identifier: Apache-2.0
"""Packets of a file: how FFmpeg is to open one, and a way past a fault of PyAV."""

from collections.abc import Iterator

import av

# Playlists name other files and addresses: none of them is ever opened. A transport stream may gain sound in its midst, which FFmpeg's
# own tools look for, too.
FILE_OPTIONS = {"protocol_whitelist": "none", "scan_all_pmts": "1"}


def packets_of(container, stream) -> Iterator[av.Packet]:
    """The packets of a stream, as PyAV gives them. Raises av.InvalidDataError, instead of PyAV's IndexError (18.1), at a packet of a
    stream that the file did not begin with, as damage makes one; a second call goes on behind it."""
    try:
        yield from container.demux(stream)
    except IndexError as error:
        raise av.error.InvalidDataError(av.error.tag_to_code(b"INDA"), "a packet of a stream that was not there before") from error
