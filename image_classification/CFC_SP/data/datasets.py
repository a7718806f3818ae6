# SPDX-License-Identifier: Apache-2.0
"""Data sets by name, and their labels as a stage sees them."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from ..core.labels import EXPR, EXPR_TO_STAGE, IGNORED, STAGES
from ..support.errors import UserError
from .affectnet import load_affectnet
from .affwild2 import load_affwild2
from .class_folders import load_class_folders
from .fer2013 import load_fer2013
from .ferplus import load_ferplus
from .rafdb import load_rafdb

DATASETS = {
    "affectnet": load_affectnet,
    "affwild2": load_affwild2,
    "fer2013": load_fer2013,
    "ferplus": load_ferplus,
    "folders": load_class_folders,
    "rafdb": load_rafdb,
}
# The share of damaged pictures that is left out with a word; more of them mean that something else is wrong.
MAX_DAMAGED = 0.01


class Pictures(Protocol):
    """What a data set offers: `votes` float32 [N, 8] and `classes` int64 [N] in EXPR order, `names`, and `picture(i)` as HWC RGB uint8."""

    votes: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]

    def picture(self, index: int) -> np.ndarray: ...


@dataclass(frozen=True)
class StageData:
    """The pictures of one split that a stage uses: `indices` [M] into `source`, `targets` float32 [M, classes], `labels` int64 [M].

    damaged: what was wrong with pictures that did not decode, by number, as far as they have been asked for.
    """

    source: Pictures
    indices: np.ndarray
    targets: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    damaged: dict[int, str] = field(default_factory=dict)

    def __len__(self):
        return len(self.indices)

    def picture(self, index: int) -> np.ndarray:
        return self.source.picture(int(self.indices[index]))

    def sample(self, index: int) -> tuple[np.ndarray, int]:
        """Picture `index`, or the next one that is whole, and its number. UserError where more than MAX_DAMAGED of all are damaged."""
        for place in [*range(index, len(self)), *range(index)]:
            if place not in self.damaged:
                try:
                    return self.picture(place), place
                except UserError as error:
                    self.damaged[place] = str(error)
            if len(self.damaged) > MAX_DAMAGED * len(self):
                some = "; ".join(list(self.damaged.values())[:3])
                raise UserError(f"more than {MAX_DAMAGED:.0%} of {len(self)} pictures are damaged, such as {some}: repair the data set")
        raise AssertionError("a data set that consists of damaged pictures has been refused above")

    def whole(self) -> np.ndarray:
        """Which pictures have not turned out damaged, bool [M]."""
        mask = np.ones(len(self), bool)
        mask[list(self.damaged)] = False
        return mask

    def name(self, index: int) -> str:
        """The file name of picture `index`."""
        return self.source.names[int(self.indices[index])]

    def counts(self) -> dict[str, int]:
        """Pictures a class, in the stage's order."""
        found = Counter(self.labels.tolist())
        return {name: found[i] for i, name in enumerate(self.names)}


def load_split(config, split: str) -> StageData:
    """`split` ("train", "val" or "test") of `config.DATA` for `config.STAGE`.

    With `DATA.TARGETS: votes` the target is the votes' distribution over the stage's classes, else the majority class alone.
    Raises UserError for an unknown data set, a stage class without a training picture, and a split without any picture.
    """
    if config.DATA.NAME not in DATASETS:
        raise UserError(f"DATA.NAME: expected one of {', '.join(DATASETS)}, found {config.DATA.NAME!r}")
    source = DATASETS[config.DATA.NAME](config.DATA.ROOT, split)
    check_alignment(source, config.DATA.ALIGN, config.DATA.ROOT)
    data = as_stage(source, config.STAGE, config.DATA.TARGETS)
    empty = [name for name, count in data.counts().items() if not count]
    if empty and (split == "train" or not len(data)):
        raise UserError(f"{config.DATA.ROOT}: expected {split} pictures of every {config.STAGE} class, found none of {', '.join(empty)}")
    return data


def class_shares(dataset: str, root: str | Path) -> list[float]:
    """The share of each class, in EXPR order, among the pictures of a data set's training split that have one, to four digits.

    All 0 where there is no such picture.
    """
    classes = DATASETS[dataset](root, "train").classes
    counts = np.bincount(classes[classes >= 0], minlength=len(EXPR))
    return [round(float(share), 4) for share in counts / max(1, counts.sum())]


def check_alignment(source: Pictures, align: str, root: str | Path) -> None:
    """Raises UserError where it is known that the pictures were cut out otherwise than as a network with DATA.ALIGN `align` sees faces."""
    found = getattr(source, "align", None)
    if found not in (None, align):
        raise UserError(
            f"{root}: expected crops of -align {align}, found {found}: cut them out with `cfc-sp prepare -align {align}` into another "
            f"folder, or train with DATA.ALIGN {found}"
        )


def as_stage(source: Pictures, stage: str, targets: str) -> StageData:
    """`source` as `stage` sees it: pictures whose class the stage does not know are left out."""
    stage_of = np.array(EXPR_TO_STAGE[stage])
    labels = stage_of[source.classes]
    indices = np.flatnonzero(labels != IGNORED)
    labels = labels[indices]
    names = STAGES[stage]
    if targets == "single":
        distribution = np.eye(len(names), dtype=np.float32)[labels]
    else:
        merge = np.zeros((len(EXPR), len(names)), np.float32)
        known = stage_of != IGNORED
        merge[np.flatnonzero(known), stage_of[known]] = 1
        distribution = source.votes[indices] @ merge
        distribution /= distribution.sum(1, keepdims=True)
    return StageData(source, indices, distribution, labels, names)
