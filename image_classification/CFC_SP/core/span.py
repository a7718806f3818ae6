# SPDX-License-Identifier: Apache-2.0
"""The part of a clip that is looked at."""

import math
import re
from dataclasses import asdict, dataclass

from ..support.errors import UserError

_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?([0-5]?\d(?:\.\d*)?)")


@dataclass(frozen=True, slots=True)
class Span:
    """The frames from start_s on and before end_s, in seconds to the microsecond from the clip's first frame on, None: no such
    limit; of these the first and every `stride`-th after it.

    Raises UserError for a start below 0, an end that is not after the start, and a stride below 1.
    """

    start_s: float | None = None
    end_s: float | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        for name, value in (("start", self.start_s), ("end", self.end_s)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise UserError(f"-{name}: expected a time of 0 s or more, found {value:g}")
        if self.end_s is not None and self.end_s <= self.offset_s:
            raise UserError(f"-end: expected a time after -start ({self.offset_s:g} s), found {self.end_s:g} s")
        if self.stride < 1:
            raise UserError(f"-stride: expected a whole number of 1 or more, found {self.stride}")

    @property
    def offset_s(self) -> float:
        """Where the part begins, in seconds from the clip's first frame on."""
        return self.start_s or 0.0

    def begins_after(self, time_s: float, origin_s: float = 0.0) -> bool:
        """Whether a frame of that time comes before the part of a clip whose first frame has the time `origin_s`."""
        return self.start_s is not None and round(time_s - origin_s, 6) < round(self.start_s, 6)

    def ends_before(self, time_s: float, origin_s: float = 0.0) -> bool:
        """Whether a frame of that time comes behind the part of a clip whose first frame has the time `origin_s`."""
        return self.end_s is not None and round(time_s - origin_s, 6) >= round(self.end_s, 6)

    def frames(self, duration_s: float | None, fps: float) -> int | None:
        """About how many frames of a clip are looked at; None where its length is not known."""
        if duration_s is None:
            return None
        end_s = duration_s if self.end_s is None else min(self.end_s, duration_s)
        return max(0, round((end_s - self.offset_s) * fps / self.stride))

    def as_dict(self) -> dict[str, float | int | None]:
        """start_s, end_s and stride by name."""
        return asdict(self)


WHOLE = Span()
"""Every frame of a clip."""


def seconds_of(text: str | float) -> float:
    """A time in seconds: a number of seconds, or `h:mm:ss`, `mm:ss`, with a fraction or without. Raises UserError for others."""
    try:
        return float(text)
    except ValueError:
        found = _CLOCK.fullmatch(str(text).strip())
    if not found:
        raise UserError(f"expected a time in seconds or as h:mm:ss, found {text!r}")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds
