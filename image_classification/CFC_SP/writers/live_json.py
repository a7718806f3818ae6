# SPDX-License-Identifier: Apache-2.0
"""Results as lines of JSON, each written as soon as it is decided: for a program that reads along."""

import json
from typing import BinaryIO

from ..core.records import FrameResult
from .rows_csv import COLUMNS, row_values

_FACE = COLUMNS.index("track")


class JsonLines:
    """Writes one object a frame to a binary file, one a line, and flushes each.

    is_open: whether somebody reads; once nobody does, nothing more is written.
    """

    def __init__(self, file: BinaryIO):
        self._file, self.is_open = file, True

    def write(self, clip: str, result: FrameResult) -> None:
        """Writes the frame of `clip` with its faces: the columns of the CSV from `track` on, by name, rounded as there."""
        if not self.is_open:
            return
        rows = list(row_values(result))
        frame = {"clip": clip, "frame": rows[0][0], "time_s": rows[0][1]}
        if result.picture is not None:
            frame["picture"] = result.picture
        frame["faces"] = [dict(zip(COLUMNS[_FACE:], row[_FACE:], strict=False)) for row in rows if row[_FACE] is not None]
        try:
            self._file.write(json.dumps(frame, allow_nan=False).encode() + b"\n")
            self._file.flush()
        except BrokenPipeError:
            self.is_open = False
