# SPDX-License-Identifier: Apache-2.0
"""Plain class folders: `ROOT/{train,val,test}/<class>/<picture>`; class names as in core.labels, in any case."""

from pathlib import Path

from ..core.labels import EXPR_NAMES, expr_of
from ..support.errors import UserError
from .picture_files import ENDINGS, PictureFiles, assemble, folder_of


def load_class_folders(root: str | Path, split: str) -> PictureFiles:
    """The `split`; pictures in sorted order. Raises UserError for a folder whose name is no class."""
    top = folder_of(root, split)
    labelled = []
    for folder in sorted(path for path in top.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if folder.name.lower() not in EXPR_NAMES:
            raise UserError(f"{folder}: expected a folder named after a class ({', '.join(EXPR_NAMES)}), found {folder.name!r}; rename it")
        (number,) = expr_of((folder.name.lower(),))
        labelled += [(f"{folder.name}/{p.name}", number) for p in sorted(folder.iterdir()) if p.suffix.lower() in ENDINGS]
    return assemble(top, labelled, split)
