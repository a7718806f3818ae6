# SPDX-License-Identifier: Apache-2.0
"""Aff-Wild2, EXPR challenge (Kollias & Zafeiriou, ABAW3): `EXPR_Classification_Challenge/<set>/<video>.txt`, or, as it is handed out in
later years, `EXPR_Recognition_Challenge/<set>/<video>.txt`; and `crops/<video>/00001.jpg`."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..core.labels import EXPR
from ..support.csv_files import read_table
from ..support.errors import UserError
from .picture_files import PictureFiles, assemble, folder_of, lines_of

ANNOTATIONS, CROPS = "EXPR_Classification_Challenge", "crops"
LATER_ANNOTATIONS = "EXPR_Recognition_Challenge"
SETS = {"train": "Train_Set", "val": "Validation_Set", "test": "Test_Set"}
HEADER = ",".join(EXPR)


def load_affwild2(root: str | Path, split: str) -> PictureFiles:
    """The annotated frames of `split` that have a crop, video by video.

    Raises UserError as `videos_of` does, and where no frame has both.
    """
    labelled = [(crop_name(v.name, i), int(v.labels[i])) for v in videos_of(root, split) for i in v.crops]
    return replace(assemble(folder_of(root, CROPS), labelled, split), align=alignment_of(root))


@dataclass(frozen=True)
class Video:
    """One annotated video (and person): the EXPR number of every frame, int64 [frames], -1 where there is none; and which frames
    have a crop, rising, counted from 0."""

    name: str
    labels: np.ndarray
    crops: list[int]


def videos_of(root: str | Path, split: str) -> Iterator[Video]:
    """The videos of `split` in the order of their names.

    Crops beyond a video's annotations are left out; how many, a line on standard error says at the end. Raises UserError for a wrong
    header or label, by file and line.
    """
    annotated_splits(root)
    if not Path(root, CROPS).is_dir():
        raise UserError(
            f"no folder {Path(root, CROPS)}: expected the faces of the videos, cut out: run `cfc-sp prepare -video VIDEOS -data {root}`"
        )
    crops, beyond = Path(root, CROPS), []
    for path in annotation_files(root, split):
        labels = read_annotation(path)
        if not (crops / path.stem).is_dir():
            raise UserError(f"no folder {crops / path.stem}: expected the crops of {path}; cut them out with `cfc-sp prepare`")
        # Millions of frames: a Path for each would take a minute.
        stems = (name.removesuffix(".jpg") for name in os.listdir(crops / path.stem) if name.endswith(".jpg"))
        frames = sorted(int(stem) - 1 for stem in stems if stem.isdecimal() and len(stem) <= 9)
        beyond += [crop_name(path.stem, frame) for frame in frames if frame >= len(labels)]
        yield Video(path.stem, labels, [frame for frame in frames if 0 <= frame < len(labels)])
    if beyond:
        said = f"{len(beyond)} crops of {split} videos lie beyond their annotations and were left out, such as {beyond[0]}"
        print(f"warning: {root}: {said}", file=sys.stderr)


def crop_name(video: str, frame: int) -> str:
    """The file of a frame's crop below the folder of crops; Aff-Wild2 counts frames from 1, `frame` from 0."""
    return f"{video}/{frame + 1:05d}.jpg"


def alignment_of(root: str | Path) -> str | None:
    """How `cfc-sp prepare` cut the crops below `root` out, None where its report is not there; UserError for crops of two kinds."""
    report = Path(root, f"{CROPS}.csv")
    if not report.is_file():
        return None
    header, *rows = read_table(report)
    kinds = {row[header.index("align")] for row in rows if len(row) == len(header)} if "align" in header else {"none"}
    if len(kinds) > 1:
        raise UserError(f"{report}: expected crops of one -align, found {', '.join(sorted(kinds))}: cut them out again, all alike")
    return next(iter(kinds), None)


def annotations_of(root: str | Path, split: str) -> Path:
    """Where the annotations of `split` lie, or should."""
    folders = [Path(root, name, SETS[split]) for name in (ANNOTATIONS, LATER_ANNOTATIONS)]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def annotated_splits(root: str | Path) -> list[str]:
    """The splits whose annotations lie below `root`; raises UserError, which says how Aff-Wild2 is had, where there is none."""
    if not str(root):
        raise UserError("DATA.ROOT is empty: expected Aff-Wild2's folder; give it with -opts DATA.ROOT PATH")
    found = [split for split, name in SETS.items() if annotations_of(root, split).is_dir()]
    if not found:
        raise UserError(
            f"no folder {Path(root, ANNOTATIONS)} with {' or '.join(SETS.values())}: expected Aff-Wild2's <set>/<video>.txt there and, "
            f"once `cfc-sp prepare` has cut them out of its videos, {CROPS}/<video>/00001.jpg; to get it, send its authors the licence of "
            "Aff-Wild2's page (iBUG, Imperial College London), signed by a member of a university; without it take FER+ "
            "(-opts DATA.NAME ferplus DATA.ALIGN none) and the clips that `cfc-sp stand-in` makes of it"
        )
    return found


def annotation_files(root: str | Path, split: str) -> list[Path]:
    """The annotation files of `split`, one a video (and person), sorted; raises UserError where there are none.

    ABAW keeps the labels of its test set; a data set of the same form may have them.
    """
    if split == "test" and not annotations_of(root, split).is_dir():
        raise UserError(f"Aff-Wild2's test labels are not public: expected train or val, or {ANNOTATIONS}/{SETS[split]} in {root}")
    folder = folder_of(annotations_of(root, split))
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise UserError(f"{folder}: expected annotation files <video>.txt, found none")
    return files


def read_annotation(path: Path) -> np.ndarray:
    """The EXPR number of every frame of a video, int64 [frames]; -1 where it is not annotated. Line i, after the header, is frame i."""
    header, *lines = lines_of(path) or [""]
    if header.replace(" ", "") != HEADER:
        raise UserError(f"{path} line 1: expected the header {HEADER}, found {header[:100]!r}")
    known = {str(number): number for number in range(-1, len(EXPR))}
    for line, text in enumerate(lines, 2):
        if text.strip() not in known:
            raise UserError(f"{path} line {line}: expected a number from -1 to {len(EXPR) - 1}, found {text[:40]!r}")
    return np.array([known[text.strip()] for text in lines], np.int64)
