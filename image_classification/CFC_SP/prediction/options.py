# SPDX-License-Identifier: Apache-2.0
"""How a clip is looked at."""

import math
from dataclasses import dataclass
from typing import Any

from ..core.span import WHOLE, Span, seconds_of
from ..support.errors import UserError
from ..video.follower import KEY_EVERY_S
from ..writers.hiding import check_hiding

SEARCHES = {"auto": KEY_EVERY_S, "every": 0.0}
"""What `search` may be, and the seconds between searches of whole frames for faces that it stands for."""

LEAST = ("min_confidence", "min_segment")
"""The options that leave segments out of the files for other programs."""


@dataclass(frozen=True)
class ClipOptions:
    """window: smoothing's, in frames at 30 fps (None: the default of its kind, 0: off). span: the frames looked at. fps: the rate at which
    pictures follow each other (None: they are unrelated), or of a raw stream (None: its own). search: one of SEARCHES; "every" looks for
    faces in every whole frame, which finds those that are shown for a moment and takes several times as long. smoothing: its kind, one of
    `core.kinds.KINDS`; prior: "data", or the power of the training data's class shares by which probabilities are divided (None: the
    bundle's of both). max_pixels: the most pixels of a frame (None: 25 million). min_confidence: in [0, 1], min_segment: in seconds;
    segments below either are left out of the files for other programs (None: all are written). lag: seconds that a stream's
    frame waits for later ones. hide: how faces are hidden in what shows the clip, one of writers.hiding.HIDINGS (None: they are
    not); labels: whether results are drawn there.

    Raises UserError for another search, another way to hide, and for a least confidence or length that none has.
    """

    window: int | None = None
    span: Span = WHOLE
    fps: float | None = None
    search: str = "auto"
    smoothing: str | None = None
    prior: str | float | None = None
    max_pixels: int | None = None
    lag: float = 0.0
    min_confidence: float | None = None
    min_segment: float | None = None
    hide: str | None = None
    labels: bool = True

    def __post_init__(self) -> None:
        if self.search not in SEARCHES:
            raise UserError(f"-search: expected one of {', '.join(SEARCHES)}, found {self.search!r}")
        check_hiding(self.hide)
        check_least(self.min_confidence, self.min_segment)

    def as_dict(self) -> dict[str, Any]:
        """The options by name, as a result has them; None stands for a default."""
        given = {
            name: getattr(self, name) for name in ("window", "fps", "search", "smoothing", "prior", "max_pixels", "hide", "labels", *LEAST)
        }
        return given | self.span.as_dict()


def check_least(min_confidence: float | None, min_segment: float | None) -> None:
    """Raises UserError for a confidence outside 0 to 1, and for a length of a segment below 0 s or without end."""
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise UserError(f"-min_confidence: expected a number from 0 to 1, found {min_confidence:g}")
    if min_segment is not None and not 0 <= min_segment < math.inf:
        raise UserError(f"-min_segment: expected seconds, 0 or more, found {min_segment:g}")


def span_of(start: float | str | None, end: float | str | None, stride: int) -> Span:
    """The part that is asked for, with times in seconds or as "h:mm:ss"; raises UserError where there is none such."""
    start_s, end_s = (None if time is None else seconds_of(time) for time in (start, end))
    return Span(start_s, end_s, stride)
