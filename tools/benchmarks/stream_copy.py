# SPDX-License-Identifier: Apache-2.0
"""Clips cut and repeated without encoding them again."""

from pathlib import Path

import av

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video


def first_frame_of(path: str | Path, target: Path) -> None:
    """Writes a Matroska clip of the first packet of pictures of `path`: one frame. Raises UserError as `open_video` does."""
    _copy(path, target, loops=1, packets=1)


def repeat(path: str | Path, target: Path, loops: int) -> None:
    """Writes a Matroska clip of the pictures of `path`, `loops` times in a row. Raises UserError as `open_video` does."""
    _copy(path, target, loops, packets=None)


def _copy(path: str | Path, target: Path, loops: int, packets: int | None) -> None:
    with open_video(path):
        pass  # says what is wrong with a file that is no clip
    if loops < 1:
        raise UserError(f"-loop: expected 1 or more, found {loops}")
    with av.open(str(target), "w", format="matroska") as output:
        stream, start = None, 0
        for _ in range(loops):
            end = start
            with av.open(str(path)) as source:
                pictures = source.streams.video[0]
                stream = stream or output.add_stream_from_template(pictures)
                first = pictures.start_time or 0
                for number, packet in enumerate(packet for packet in source.demux(pictures) if packet.size):
                    if number == packets:
                        break
                    packet.pts += start - first
                    # The first packets of a Matroska clip whose frames come out of order say none; none may be shown before `start`.
                    packet.dts = start if packet.dts is None else packet.dts - first + start
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.stream = stream
                    output.mux(packet)
            start = end
