# SPDX-License-Identifier: Apache-2.0
"""A bundle made ready: what all sessions share, and what none of them changes."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..support.errors import UserError
from .bundle import Bundle, open_bundle
from .engine_choice import check_choice
from .worker_process import WorkerPredictor

if TYPE_CHECKING:
    from ..core.aligner import CropGeometry
    from ..video.detector import FaceDetector
    from .programs import LocalPredictor


@dataclass(frozen=True)
class LoadedModel:
    """A bundle with its programs on a device. It knows no clip: sessions take from it what they need.

    predictor: runs the programs `frame` and `sequence`, for any number of sessions and threads. min_face: side in px of the smallest
    face to look for.
    """

    bundle: Bundle
    predictor: "LocalPredictor | WorkerPredictor"
    min_face: float

    @property
    def batch(self) -> int:
        """How many crops a run of the networks takes."""
        return self.bundle.manifest["batch"]

    @property
    def geometry(self) -> "CropGeometry":
        """How faces are framed."""
        from ..core.aligner import CropGeometry

        crop = self.bundle.manifest["crop"]
        return CropGeometry(crop["size"], crop["margin"], crop.get("align", "none"))

    @cached_property
    def detector(self) -> "FaceDetector":
        """The face detector, built when it is first asked for. It runs on the CPU, whatever the device is; any thread may use it."""
        from .face_detector import make_detector

        return make_detector(self.bundle, self.min_face)


def load_model(
    bundle: str | Path, device: str = "auto", engine: str = "auto", precision: str = "auto", min_face: float | None = None
) -> LoadedModel:
    """The bundle in a folder, or the shipped one of that name, on a device.

    Little is imported before the worker process begins, which imports the engine meanwhile. Raises UserError for a bundle that is refused,
    and for a device, an engine or a precision that is not there.
    """
    if min_face is not None and not 12 <= min_face <= 4096:
        raise UserError(f"-min_face: expected a face's side of 12 to 4096 px, found {min_face}")
    check_choice(device, engine, precision)
    opened = open_bundle(bundle)
    predictor = start_predictor(opened, device, engine, precision)
    if not (device in ("auto", "cpu") and engine in ("auto", "paddle") and precision in ("auto", "float32")):
        # What may not be had is said before any clip is opened.
        predictor.status()
    return LoadedModel(opened, predictor, opened.manifest["detector"]["min_face"] if min_face is None else min_face)


def start_predictor(
    bundle: Bundle, device: str = "auto", engine: str = "auto", precision: str = "auto"
) -> "LocalPredictor | WorkerPredictor":
    """What runs the programs of an opened bundle: a process of its own where the platform allows it, which is not waited for."""
    if sys.platform == "win32":
        from .programs import LocalPredictor

        return LocalPredictor(bundle, device, engine, precision)
    return WorkerPredictor(bundle, device, engine, precision)
