# SPDX-License-Identifier: Apache-2.0
"""Results on the Lab Streaming Layer, beside what other devices of a laboratory send: one stream a face."""

from ..core.records import FrameResult
from ..support.errors import UserError
from ..support.packages import import_package
from .rows_csv import COLUMNS, row_values

CHANNELS = tuple(name for name in COLUMNS if name.startswith("p_") or name in ("x1", "y1", "x2", "y2", "face_score"))
"""What a sample holds: the numbers of a row that vary, float32, by their columns."""
_PLACES = [COLUMNS.index(name) for name in CHANNELS]
_TRACK = COLUMNS.index("track")
FORGOTTEN_S = 30.0
"""A face that has been out of sight for so many seconds has no stream any more."""


class LslStreams:
    """Sends a sample a face and frame. A stream is called `<clip> face <track>`, is of the type Expression and has the channels CHANNELS.

    A sample's time is its frame's, on this machine's LSL clock, where a clip's first result counts as just taken. Raises UserError where
    pylsl, or the library that it needs, is not installed. is_open: always.
    """

    is_open = True

    def __init__(self):
        try:
            self._lsl = import_package("pylsl", "-live lsl")
        except RuntimeError as fault:
            raise UserError(
                "-live lsl: expected the library liblsl, which pylsl loads, found none: install it, or a wheel with it"
            ) from fault
        self._clip, self._origin_s = None, 0.0
        self._outlets: dict[int, tuple[float, object]] = {}

    def __enter__(self) -> "LslStreams":
        return self

    def __exit__(self, *exception) -> None:
        self._outlets.clear()

    def write(self, clip: str, result: FrameResult) -> None:
        """Sends what the faces of the frame show."""
        if clip != self._clip:
            self._clip, self._origin_s = clip, self._lsl.local_clock() - result.time_s
            self._outlets.clear()
        for row in row_values(result):
            if row[_TRACK] is not None:
                outlet = self._outlets[row[_TRACK]][1] if row[_TRACK] in self._outlets else self._open(row[_TRACK])
                self._outlets[row[_TRACK]] = result.time_s, outlet
                outlet.push_sample([row[place] for place in _PLACES], self._origin_s + result.time_s)
        self._outlets = {track: known for track, known in self._outlets.items() if result.time_s - known[0] <= FORGOTTEN_S}

    def _open(self, track: int):
        lsl = self._lsl
        name = f"{self._clip} face {track}"
        info = lsl.StreamInfo(name, "Expression", len(CHANNELS), lsl.IRREGULAR_RATE, lsl.cf_float32, f"cfc-sp {name}")
        channels = info.desc().append_child("channels")
        for label in CHANNELS:
            channels.append_child("channel").append_child_value("label", label)
        return lsl.StreamOutlet(info)
