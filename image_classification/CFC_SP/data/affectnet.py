# SPDX-License-Identifier: Apache-2.0
"""AffectNet (Mollahosseini et al., IEEE TAC 2019), as distributed: `{train,val}_set/images/<id>.jpg`, `.../annotations/<id>_exp.npy`."""

import io
from pathlib import Path

import numpy as np

from ..core.labels import expr_of
from ..support.errors import UserError
from ..support.files import read_bounded
from .picture_files import ENDINGS, PictureFiles, assemble, folder_of, is_held_out

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt", "none", "uncertain", "no face")
_ANNOTATION_BYTES = 4096


def load_affectnet(root: str | Path, split: str) -> PictureFiles:
    """The `split`; its own validation set serves as "test", since that of the test is not public, and a fixed tenth of the training
    set as "val". Pictures without one of the eight expressions are left out. Raises UserError for a wrong or missing annotation."""
    top = folder_of(root, "val_set" if split == "test" else "train_set")
    pictures, annotations = folder_of(top, "images"), folder_of(top, "annotations")
    names = sorted(path.name for path in pictures.iterdir() if path.suffix.lower() in ENDINGS)
    if split != "test":
        names = [name for name in names if is_held_out(name) == (split == "val")]
    numbers = expr_of(CLASSES)
    return assemble(pictures, ((name, numbers[_annotation(annotations / f"{Path(name).stem}_exp.npy")]) for name in names), split)


def _annotation(path: Path) -> int:
    try:
        number = int(np.load(io.BytesIO(read_bounded(path, _ANNOTATION_BYTES)), allow_pickle=False))
    except (OSError, ValueError, TypeError, EOFError, OverflowError) as error:
        raise UserError(f"{path}: expected AffectNet's annotation, an array with one number ({error})") from error
    if not 0 <= number < len(CLASSES):
        raise UserError(f"{path}: expected a number from 0 to {len(CLASSES) - 1}, found {number}")
    return number
