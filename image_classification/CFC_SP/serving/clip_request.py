# SPDX-License-Identifier: Apache-2.0
"""What is asked for: the options of a clip, and whether an upload is one at all."""

from dataclasses import asdict

from ..core.kinds import kind_number
from ..inference.mode import prior_power
from ..prediction.options import ClipOptions, span_of
from ..support.errors import UserError
from ..video.reader import open_video


class ClipCancelledError(Exception):
    """The clip is not wanted any more."""


def clip_options(asked: dict, pixels: int) -> ClipOptions:
    """The options that a client has asked for by name; UserError where they make no sense for any bundle."""
    span = span_of(asked.get("start"), asked.get("end"), asked.get("stride") or 1)
    names = ("window", "smoothing", "prior", "search", "min_confidence", "min_segment", "hide")
    if asked.get("smoothing") is not None:
        kind_number(asked["smoothing"])
    prior_power(asked.get("prior"))
    return ClipOptions(span=span, max_pixels=pixels, **{name: asked[name] for name in names if asked.get(name) is not None})


def check_clip(message: dict) -> dict:
    """What the container of the upload at `path` says of it; raises UserError where it is no video, has frames of more than `pixels`
    pixels, or lasts longer than `seconds`."""
    with open_video(message["path"], max_pixels=message["pixels"]) as reader:
        source = reader.source
    if source.duration_s is not None and source.duration_s > message["seconds"]:
        raise UserError(too_long(message["seconds"], f"{source.duration_s:.1f} s"))
    kept = ("codec", "width", "height", "fps", "duration_s")
    return {"source": {name: value for name, value in asdict(source).items() if name in kept}}


def too_long(seconds: float, found: str) -> str:
    """What to tell of a clip that lasts longer than `seconds`."""
    return f"expected a clip of at most {seconds:g} s, found one of {found}: send a part of it"
