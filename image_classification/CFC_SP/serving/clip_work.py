# SPDX-License-Identifier: Apache-2.0
"""What a worker process makes of a clip: its results."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..prediction.clip_writer import write_clip
from ..support.errors import UserError
from ..writers.output import OutputFolder
from .clip_request import ClipCancelledError, clip_options, too_long
from .clip_store import RESULT

if TYPE_CHECKING:
    from ..prediction.recognizer import Recognizer

PROGRESS_EVERY_S = 0.2
# Screens show no more frames a second; a clip that holds more has times that mean nothing.
_MOST_FPS = 240


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
                raise UserError(too_long(seconds, "more"))
            if time.monotonic() - last >= PROGRESS_EVERY_S:
                last = time.monotonic()
                say({"stage": what, "frames": count, "expected": total})
            yield item
        say({"stage": what, "frames": count, "expected": count})

    return watch
