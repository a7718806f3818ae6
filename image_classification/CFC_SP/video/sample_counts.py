# SPDX-License-Identifier: Apache-2.0
"""What an MP4 or MOV says of the number of its samples, counted before FFmpeg takes memory for them.

FFmpeg keeps some fifty bytes of every sample that a file announces, and a few bytes of a file can announce billions of them.
"""

import io
import os
import struct
import zlib
from collections.abc import Iterator

# Four days of video at 30 frames a second: half a gigabyte in FFmpeg.
MOST_SAMPLES = 10_000_000
_FIRST_BOXES = (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"sidx")
# Boxes that hold boxes, as far as tables of samples lie in them.
_HOLDERS = (b"moov", b"cmov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
_MOST_PACKED = 64 << 20
# A damaged file can be read as boxes of a few bytes without end.
_MOST_BOXES = 1_000_000


def announced_samples(file) -> int:
    """How many samples the tables of an open MP4 or MOV announce, those of PCM sound, which cost nothing, left out; 0 for other files.

    Leaves the file at its beginning.
    """
    file.seek(4)
    found = _samples_in(file) if file.read(4) in _FIRST_BOXES else 0
    file.seek(0)
    return found


def _samples_in(file) -> int:
    found = sizes = 0
    sound = constant = False
    for name, begin, end in _boxes(file, 0, file.seek(0, os.SEEK_END)):
        file.seek(begin)
        head = file.read(min(16, end - begin))
        if name == b"trak":
            found, sizes, sound, constant = found + sizes, 0, False, False
        elif name == b"hdlr" and head[8:12] in (b"soun", b"vide"):
            sound = head[8:12] == b"soun"
        elif name == b"stts" and len(head) == 16:
            # One length of 1 for all: FFmpeg does not keep such samples of sound one by one.
            entries, _, length = struct.unpack(">III", head[4:])
            constant = (entries, length) == (1, 1)
        elif name in (b"stsz", b"stz2") and len(head) >= 12:
            sizes = max(sizes, struct.unpack(">I", head[8:12])[0])
        elif name == b"trun" and len(head) >= 8:
            found += struct.unpack(">I", head[4:8])[0]
        elif name == b"cmvd":
            file.seek(begin + 4)
            found += _samples_packed(file.read(min(end - begin - 4, _MOST_PACKED)))
        if sound and constant:
            sizes = 0
    return found + sizes


def _samples_packed(data: bytes) -> int:
    """Those of the compressed index of an old MOV."""
    try:
        return _samples_in(io.BytesIO(zlib.decompressobj().decompress(data, _MOST_PACKED)))
    except zlib.error:
        return 0


def _boxes(file, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The name, begin and end of each box's content, in the order of the file, boxes inside others too."""
    waiting, count = [(begin, end)], 0
    while waiting and count < _MOST_BOXES:
        begin, end = waiting.pop()
        if end - begin < 8:
            continue
        count += 1
        file.seek(begin)
        size, name = struct.unpack(">I4s", file.read(8))
        content = begin + 8
        if size == 1 and end - begin >= 16:
            size, content = struct.unpack(">Q", file.read(8))[0], content + 8
        after = end if size == 0 else min(begin + size, end)
        if after < content:
            continue
        waiting.append((after, end))
        yield name, content, after
        if name in _HOLDERS:
            waiting.append((content, after))
