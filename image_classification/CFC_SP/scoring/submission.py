# SPDX-License-Identifier: Apache-2.0
"""The files that ABAW's expression challenge takes: for each video the format of its annotations, a label for every frame."""

from pathlib import Path

import numpy as np

from ..data.affwild2 import HEADER
from ..support.errors import UserError
from ..support.files import atomic_path, make_folder
from .frames import Frames


def write_submission(frames: Frames, labels: np.ndarray, folder: str | Path) -> Path:
    """Writes `folder`/<video>.txt for every video and returns the folder; labels: int64 [N] in EXPR order, one a frame.

    Raises UserError for still pictures and where the folder cannot be written.
    """
    folder = Path(folder)
    if not frames.videos:
        raise UserError("-submission: expected the videos of affwild2, found still pictures: the challenge takes only videos")
    try:
        make_folder(folder, "-submission")
        for name, start, end in zip(frames.videos, frames.bounds[:-1], frames.bounds[1:], strict=True):
            with atomic_path(folder / f"{name}.txt") as path:
                path.write_text("\n".join([HEADER, *map(str, labels[start:end])]) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another -submission") from error
    return folder
