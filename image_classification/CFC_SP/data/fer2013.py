# SPDX-License-Identifier: Apache-2.0
"""FER2013 (Goodfellow et al., ICONIP 2013): `fer2013.csv` or `icml_face_data.csv`, one picture a line as 48 x 48 numbers."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.labels import EXPR, expr_of
from ..support.csv_files import read_table
from ..support.errors import UserError

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
SIDE = 48
# 300 MB as it is distributed.
_TABLE_BYTES = 1 << 30


@dataclass(frozen=True)
class Fer2013:
    """One split: grey pictures uint8 [N, 48, 48], classes int64 [N] in EXPR order, votes float32 [N, 8], all for the class."""

    pictures: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]

    @property
    def votes(self) -> np.ndarray:
        return np.eye(len(EXPR), dtype=np.float32)[self.classes]

    def __len__(self):
        return len(self.pictures)

    def picture(self, index: int) -> np.ndarray:
        """Picture `index` as HWC RGB uint8 [48, 48, 3]."""
        return cv2.cvtColor(self.pictures[index], cv2.COLOR_GRAY2RGB)


def load_fer2013(root: str | Path, split: str) -> Fer2013:
    """The `split` of the table at `root`, a csv or the folder that holds it. Raises UserError for a row that is wrong, by its line."""
    path = Path(root)
    if path.is_dir():
        path = next((path / name for name in ("fer2013.csv", "icml_face_data.csv") if (path / name).is_file()), path)
    if not path.is_file():
        raise UserError(f"no fer2013.csv at {root}: expected the table or its folder; check the path")
    pictures, classes, names = [], [], []
    rows = read_table(path, _TABLE_BYTES)
    columns = [name.strip().lower() for name in next(rows, [])]
    if set(columns) != {"emotion", "pixels", "usage"}:
        raise UserError(f"{path}: expected the columns emotion, pixels, Usage, found {', '.join(columns)[:200] or 'none'}")
    for line, row in enumerate(rows, 2):
        entry = dict(zip(columns, row, strict=False))
        if entry.get("usage") != USAGES[split]:
            continue
        pictures.append(_pixels(entry, path, line))
        classes.append(_class(entry.get("emotion", ""), path, line))
        names.append(f"{path.name}:{line}")
    if not pictures:
        raise UserError(f"{path}: expected rows with Usage {USAGES[split]}, found none; the file is incomplete")
    return Fer2013(np.stack(pictures), np.array(classes, np.int64), tuple(names))


def _pixels(entry: dict, path: Path, line: int) -> np.ndarray:
    words = entry.get("pixels", "").split()
    if len(words) != SIDE * SIDE or not all(word.isdecimal() and len(word) <= 3 and int(word) < 256 for word in words):
        raise UserError(f"{path} line {line}: expected {SIDE * SIDE} numbers from 0 to 255, found {len(words)} words or other values")
    return np.array(words, np.uint8).reshape(SIDE, SIDE)


def _class(word: str, path: Path, line: int) -> int:
    if not word.isdecimal() or len(word) > 2 or int(word) >= len(CLASSES):
        raise UserError(f"{path} line {line}: expected an emotion from 0 to {len(CLASSES) - 1}, found {word[:40]!r}")
    return expr_of(CLASSES)[int(word)]
