"""Recognizers made ready, with little imported before a child process can begin."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..inference.bundle import open_bundle
from ..inference.worker_process import ProgramsApart
from ..support.errors import UserError

if TYPE_CHECKING:
    from ..inference.pipeline import Recognizer

DEFAULT_BUNDLE = "lite"


def make_recognizer(
    bundle: str | Path = DEFAULT_BUNDLE,
    device: str = "auto",
    min_face: float | None = None,
    engine: str = "paddle",
    precision: str = "auto",
    apart: bool = True,
) -> "Recognizer":
    """The recognizer of a bundle on a device; raises UserError for a bundle that is refused, a device or an engine that is not there.

    apart: with the programs in a process of their own, for whole clips; where each frame waits for its answer that gains nothing.
    """
    if min_face is not None and not 12 <= min_face <= 4096:
        raise UserError(f"-min_face: expected a face's side of 12 to 4096 px, found {min_face}")
    opened = open_bundle(bundle)
    if apart := apart and sys.platform != "win32":
        programs = ProgramsApart(opened, device, engine, precision)
    else:
        from ..inference.programs import Programs

        programs = Programs(opened, device, engine, precision)
    # Meanwhile a child imports Paddle.
    from ..inference.pipeline import Recognizer

    if apart and not (device in ("auto", "cpu") and engine == "paddle" and precision in ("auto", "float32")):
        # What may not be had is said before any clip is opened.
        programs.ready()
    return Recognizer(opened, programs, min_face)
