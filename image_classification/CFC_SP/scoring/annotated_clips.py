# SPDX-License-Identifier: Apache-2.0
"""Clips and the annotations that people made of them: which belongs to which."""

from collections.abc import Iterable
from pathlib import Path

from ..core.annotation import Annotation
from ..support.errors import UserError
from ..writers.annotation_reading import READERS, read_annotation
from .label_mapping import LabelMapping


def annotations_of(names: Iterable[str], path: str | Path, mapping: LabelMapping) -> dict[str, tuple[Path, Annotation]]:
    """The annotation of each clip of these names that has one, and its file; all are read and checked before any clip is looked at.

    path: one file, which is of the one clip (a BORIS project: of all), or a folder of files that are named after their clips. Raises
    UserError where no clip has one or one has several, as `read_annotation`, and for labels that have no class.
    """
    files = _files_of(list(names), Path(path))
    found = {name: (file, read_annotation(file, name)) for name, file in files.items()}
    for file, annotation in found.values():
        wanted = mapping.tracks or annotation.tracks
        mapping.check((interval.label for interval in annotation.intervals if interval.track in wanted), str(file))
    return found


def _files_of(names: list[str], path: Path) -> dict[str, Path]:
    if not path.is_dir():
        if path.suffix.lower() != ".boris" and len(names) > 1:
            raise UserError(f"-annotations: expected a folder of annotations for {len(names)} clips, found the file {path}")
        return dict.fromkeys(names, path)
    files: dict[str, list[Path]] = {}
    for file in sorted(path.iterdir()):
        if file.suffix.lower() in READERS and file.is_file():
            files.setdefault(file.stem, []).append(file)
    found = {}
    for name in names:
        if len(own := files.get(name, [])) > 1:
            raise UserError(f"-annotations: expected one file of the clip {name!r}, found {', '.join(file.name for file in own)} in {path}")
        found |= {name: own[0]} if own else {}
    if not found:
        raise UserError(f"-annotations: expected files in {path} that are named after the clips, such as {names[0]}.eaf, found none")
    return found
