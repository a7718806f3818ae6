"""What a worker process does with an upload: it says whether it is a clip, and makes its results."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..prediction.clip_writer import write_clip
from ..prediction.options import ClipOptions, span_of
from ..support.errors import UserError
from ..video.reader import open_video
from ..writers.output import OutputFolder

if TYPE_CHECKING:
    from ..prediction.recognizer import Recognizer

RESULT = "result"
"""The folder of a clip's results, in the clip's own."""
PROGRESS_EVERY_S = 0.2
# Screens show no more frames a second; a clip that holds more has times that mean nothing.
_MOST_FPS = 240


class ClipCancelledError(Exception):
    """The clip is not wanted any more."""


def clip_options(asked: dict, pixels: int) -> ClipOptions:
    """The options that a client has asked for by name; UserError as `ClipOptions` and `span_of`."""
    span = span_of(asked.get("start"), asked.get("end"), asked.get("stride") or 1)
    names = ("window", "smoothing", "prior", "search")
    return ClipOptions(span=span, max_pixels=pixels, **{name: asked[name] for name in names if asked.get(name) is not None})


def check_clip(message: dict) -> dict:
    """What the container of the upload at `path` says of it; raises UserError where it is no video, has frames of more than `pixels`
    pixels, or lasts longer than `seconds`."""
    with open_video(message["path"], max_pixels=message["pixels"]) as reader:
        source = reader.source
    if source.duration_s is not None and source.duration_s > message["seconds"]:
        raise UserError(_too_long(message["seconds"], f"{source.duration_s:.1f} s"))
    kept = ("codec", "width", "height", "fps", "duration_s")
    return {"source": {name: value for name, value in asdict(source).items() if name in kept}}


def work_on_clip(recognizer: "Recognizer", message: dict, channel) -> dict:
    """Makes the results of the upload at `path` in a folder beside it; raises UserError as `write_clip`, and for a clip that turns out to
    be longer than `seconds`. channel: is told the progress, and tells what is cancelled."""
    path = Path(message["path"])
    folder = OutputFolder(path.parent, RESULT, message["formats"])
    options = clip_options(message["options"], message["pixels"])
    channel.say({"rows": folder.part("csv").name})
    watch = _watching(channel.say, lambda: channel.cancelled == message["id"], message["seconds"])
    write_clip(recognizer, path, folder, options, watch, message["name"])
    return {"done": True}


def _watching(say: Callable[[dict], None], is_cancelled: Callable[[], bool], seconds: float):
    """A `support.progress.Watch` that tells how far a clip is, and ends one that is cancelled or too long."""

    def watch(items: Iterable, what: str, total: int | None) -> Iterator:
        last, first_s = 0.0, None
        say({"stage": what, "frames": 0, "expected": total})
        count = 0
        for count, item in enumerate(items, 1):
            if is_cancelled():
                raise ClipCancelledError
            first_s = item.time_s if first_s is None else first_s
            if item.time_s - first_s > seconds or count > seconds * _MOST_FPS:
                raise UserError(_too_long(seconds, "more"))
            if time.monotonic() - last >= PROGRESS_EVERY_S:
                last = time.monotonic()
                say({"stage": what, "frames": count, "expected": total})
            yield item
        say({"stage": what, "frames": count, "expected": count})

    return watch


def _too_long(seconds: float, found: str) -> str:
    return f"expected a clip of at most {seconds:g} s, found one of {found}: send a part of it"
