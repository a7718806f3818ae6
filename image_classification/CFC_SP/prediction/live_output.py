# SPDX-License-Identifier: Apache-2.0
"""Where results go as soon as they are decided, beside their files."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ..core.records import FrameResult
from ..support.errors import UserError
from ..support.standard_output import standard_output_for_data
from ..writers.live_json import JsonLines
from ..writers.live_lsl import LslStreams

WAYS = ("jsonl", "lsl")
"""What `-live` may be."""


class LiveOutput(Protocol):
    """Takes each result as it is decided. is_open: whether anybody can still read it."""

    is_open: bool

    def write(self, clip: str, result: FrameResult) -> None:
        """Takes the next result of the clip of that name."""


@contextmanager
def live_output(way: str | None) -> Iterator[LiveOutput | None]:
    """What takes results in that one of WAYS, None where none is asked for. Raises UserError for another way, and for one that needs a
    package that is not there."""
    if way is None:
        yield None
    elif way == "jsonl":
        with standard_output_for_data() as file:
            yield JsonLines(file)
    elif way == "lsl":
        with LslStreams() as streams:
            yield streams
    else:
        raise UserError(f"-live: expected one of {', '.join(WAYS)}, found {way!r}")
