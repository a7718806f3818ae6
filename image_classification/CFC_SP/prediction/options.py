"""How a clip is looked at."""

from dataclasses import dataclass
from typing import Any

from ..core.span import WHOLE, Span, seconds_of
from ..support.errors import UserError
from ..video.follower import KEY_EVERY_S

SEARCHES = {"auto": KEY_EVERY_S, "every": 0.0}
"""What `search` may be, and the seconds between searches of whole frames for faces that it stands for."""


@dataclass(frozen=True)
class ClipOptions:
    """window: smoothing's, in frames at 30 fps (None: the default of its kind, 0: off). span: the frames looked at. fps: the rate of a
    folder of pictures (None: 30), or of a raw stream (None: its own). search: one of SEARCHES; "every" looks for faces in every whole
    frame, which finds those that are shown for a moment and takes several times as long. smoothing: its kind, one of
    `core.kinds.KINDS`; prior: "data", or the power of the training data's class shares by which probabilities are divided (None: the
    bundle's of both). max_pixels: the most pixels of a frame (None: 25 million).

    Raises UserError for another search.
    """

    window: int | None = None
    span: Span = WHOLE
    fps: float | None = None
    search: str = "auto"
    smoothing: str | None = None
    prior: str | float | None = None
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        if self.search not in SEARCHES:
            raise UserError(f"-search: expected one of {', '.join(SEARCHES)}, found {self.search!r}")

    def as_dict(self) -> dict[str, Any]:
        """The options by name, as a result has them; None stands for a default."""
        given = {name: getattr(self, name) for name in ("window", "fps", "search", "smoothing", "prior", "max_pixels")}
        return given | self.span.as_dict()


def span_of(start: float | str | None, end: float | str | None, stride: int) -> Span:
    """The part that is asked for, with times in seconds or as "h:mm:ss"; raises UserError where there is none such."""
    start_s, end_s = (None if time is None else seconds_of(time) for time in (start, end))
    return Span(start_s, end_s, stride)
