# SPDX-License-Identifier: Apache-2.0
"""Batches, prepared by threads while the network works on the one before."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..core.aligner import crop_face
from ..support.prefetch import prefetch_map
from ..support.process_group import ALONE, Group
from ..support.threads import usable_cores
from .datasets import StageData
from .transforms import augment

# Batches in flight beyond the one in use, each a thread's: enough to keep every core at work, few enough to bound memory. What takes
# time, OpenCV and NumPy on whole pictures, does not hold the interpreter's lock.
PREFETCHED = max(3, usable_cores())


def training_batches(data: StageData, order: np.ndarray, config, epoch: int, first_step: int = 0, group: Group = ALONE) -> Iterator[tuple]:
    """(crops uint8 [B, S, S, 3], targets float32 [B, classes]) for each full batch of `order`, from `first_step` on.

    Each process of `group` gets its part of every batch.

    Every picture's augmentation is drawn from (seed, epoch, position), whichever thread prepares it and wherever the run resumed.
    """
    size, batch = config.DATA.CROP_SIZE, config.TRAIN.BATCH_SIZE

    def prepare(step: int):
        positions = group.share(np.arange(step * batch, (step + 1) * batch)).tolist()
        pictures, indices = zip(*(data.sample(int(order[p])) for p in positions), strict=True)
        draws = (np.random.default_rng((config.SEED, epoch, p)) for p in positions)
        crops = [augment(picture, size, config.AUG, draw) for picture, draw in zip(pictures, draws, strict=True)]
        return np.stack(crops), data.targets[list(indices)]

    yield from prefetch_map(prepare, range(first_step, len(order) // batch), PREFETCHED)


def plain_batches(data: StageData, size: int, batch: int, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
    """The pictures `numbers`, or all in order, as they are, as crops uint8 [<= batch, size, size, 3].

    Another picture stands for each that `data.whole` denies.
    """
    numbers = range(len(data)) if numbers is None else numbers

    def prepare(start: int):
        return np.stack([_whole(data.sample(i)[0], size) for i in numbers[start : start + batch]])

    yield from prefetch_map(prepare, range(0, len(numbers), batch), PREFETCHED)


def _whole(picture: np.ndarray, size: int) -> np.ndarray:
    """The crop of a picture that its face fills, as video's faces are cropped."""
    height, width = picture.shape[:2]
    return crop_face(picture, (0, 0, width, height), size)
