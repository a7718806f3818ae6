# SPDX-License-Identifier: Apache-2.0
"""Pictures as files with one label each: what the readers of RAF-DB, AffectNet, Aff-Wild2 and class folders have in common."""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..core.labels import EXPR
from ..support.errors import UserError
from ..support.files import read_bounded, read_names

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# A face crop needs no more; a hostile picture may claim more than memory holds.
_MAX_BYTES, _MAX_SIDE = 32 << 20, 8192
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
# Of lists and annotations, a line a picture.
_LIST_BYTES = 64 << 20


@dataclass(frozen=True)
class PictureFiles:
    """One split: file names below `root`, their classes int64 [N] in EXPR order, and the votes float32 [N, 8], all for the class.

    align: how the faces were cut out of frames, one of `core.alignment.ALIGNMENTS`; None where that is not known.
    """

    root: Path
    names: tuple[str, ...]
    classes: np.ndarray
    align: str | None = None

    @property
    def votes(self) -> np.ndarray:
        return np.eye(len(EXPR), dtype=np.float32)[self.classes]

    def __len__(self):
        return len(self.names)

    def picture(self, index: int) -> np.ndarray:
        """Picture `index` as HWC RGB uint8 of its own size; raises UserError for a damaged one."""
        return read_picture(self.root / self.names[index])


def read_picture(path: Path) -> np.ndarray:
    """The picture at `path` as HWC RGB uint8, turned upright; raises UserError for a file that is none, or far too large."""
    data = read_bounded(path, _MAX_BYTES)
    side = max(_size_of(data))
    if side > _MAX_SIDE:
        raise UserError(f"{path}: expected a face crop of {_MAX_SIDE} px at most, found a larger picture; cut faces out first")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if side else None
    if picture is None:
        raise UserError(f"{path}: expected a picture, found none that decodes; copy it again or take it out of the data set")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the picture's head states them, before memory is taken for its pixels; (0, 0) of what is no picture."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            return picture.size
    except Image.DecompressionBombError:
        return _MAX_SIDE + 1, _MAX_SIDE + 1
    except (OSError, ValueError, SyntaxError, struct.error, OverflowError):
        return 0, 0


def folder_of(root: str | os.PathLike, *inside: str) -> Path:
    """The folder `root`/`inside`; raises UserError where it is not."""
    if not str(root):
        raise UserError("DATA.ROOT is empty: expected the data set's folder; give it with -opts DATA.ROOT PATH")
    path = Path(root, *inside)
    if not path.is_dir():
        raise UserError(f"no folder {path}: expected the unpacked data set; point DATA.ROOT at the folder that holds {'/'.join(inside)}")
    return path


def lines_of(path: Path) -> list[str]:
    """A text file's lines; raises UserError where it cannot be read."""
    return read_names(path, _LIST_BYTES).decode("utf-8-sig", errors="replace").splitlines()


def assemble(root: Path, labelled: Iterable[tuple[str, int]], split: str, keep: Callable[[str], bool] = lambda name: True) -> PictureFiles:
    """The pictures of (name, EXPR number) pairs whose number is one and whose name `keep` takes; UserError where none is left."""
    chosen = [(name, label) for name, label in labelled if label >= 0 and keep(name)]
    if not chosen:
        raise UserError(f"{root}: expected {split} pictures with an expression, found none; the data set is incomplete")
    names, classes = zip(*chosen, strict=True)
    return PictureFiles(root, names, np.array(classes, np.int64))


def is_held_out(name: str, share: float = 0.1) -> bool:
    """Whether a data set without a validation split lends this picture to it: a fixed choice by name alone."""
    return zlib.crc32(name.encode()) / 2**32 < share
