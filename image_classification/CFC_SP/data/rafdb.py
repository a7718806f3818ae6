# SPDX-License-Identifier: Apache-2.0
"""RAF-DB, basic emotions (Li et al., CVPR 2017): `EmoLabel/list_patition_label.txt` and `Image/aligned/*_aligned.jpg`."""

from pathlib import Path

from ..core.labels import expr_of
from ..support.errors import UserError
from .picture_files import PictureFiles, assemble, folder_of, is_held_out, lines_of

# Its numbers count from 1.
CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")


def load_rafdb(root: str | Path, split: str) -> PictureFiles:
    """The `split`; RAF-DB has no validation pictures, so a fixed tenth of the training ones is it. UserError names a wrong line."""
    pictures, labels = folder_of(root, "Image", "aligned"), folder_of(root, "EmoLabel")
    tables = sorted(labels.glob("list_pa*tition_label.txt"))
    if not tables:
        raise UserError(f"{labels}: expected RAF-DB's list_patition_label.txt, found none; unpack the data set again")
    labelled = []
    for line, text in enumerate(lines_of(tables[0]), 1):
        words = text.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in {str(i + 1) for i in range(len(CLASSES))}:
            raise UserError(f"{tables[0]} line {line}: expected a file name and a number from 1 to {len(CLASSES)}, found {text[:80]!r}")
        labelled.append((f"{Path(words[0]).stem}_aligned.jpg", expr_of(CLASSES)[int(words[1]) - 1]))

    def keep(name):
        return name.startswith("test") if split == "test" else name.startswith("train") and is_held_out(name) == (split == "val")

    return assemble(pictures, labelled, split, keep)
