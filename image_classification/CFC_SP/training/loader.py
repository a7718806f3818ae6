"""Batches, prepared by threads while the network works on the one before."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from ..core.aligner import crop_face
from .datasets import StageData
from .transforms import augment

# Batches in flight beyond the one in use: enough to hide the preparation, few enough to bound memory.
_AHEAD = 3


def training_batches(data: StageData, order: np.ndarray, config, epoch: int, first_step: int = 0) -> Iterator[tuple]:
    """(crops uint8 [B, S, S, 3], targets float32 [B, classes]) for each full batch of `order`, from `first_step` on.

    Every picture's augmentation is drawn from (seed, epoch, position), whichever thread prepares it and wherever the run resumed.
    """
    size, batch = config.DATA.CROP_SIZE, config.TRAIN.BATCH_SIZE

    def prepare(step: int):
        positions = range(step * batch, (step + 1) * batch)
        pictures, indices = zip(*(data.sample(int(order[p])) for p in positions), strict=True)
        draws = (np.random.default_rng((config.SEED, epoch, p)) for p in positions)
        crops = [augment(picture, size, config.AUG, draw) for picture, draw in zip(pictures, draws, strict=True)]
        return np.stack(crops), data.targets[list(indices)]

    yield from _ahead(prepare, range(first_step, len(order) // batch))


def plain_batches(data: StageData, size: int, batch: int, first: int = 0) -> Iterator[np.ndarray]:
    """The pictures as they are, in order from number `first` on, as crops uint8 [<= batch, size, size, 3]; another stands for each
    that `whole` denies."""

    def prepare(start: int):
        return np.stack([_whole(data.sample(i)[0], size) for i in range(start, min(start + batch, len(data)))])

    yield from _ahead(prepare, range(first, len(data), batch))


def _whole(picture: np.ndarray, size: int) -> np.ndarray:
    """The crop of a picture that its face fills, as video's faces are cropped."""
    height, width = picture.shape[:2]
    return crop_face(picture, (0, 0, width, height), size)


def _ahead(prepare, keys) -> Iterator:
    keys = iter(keys)
    with ThreadPoolExecutor(max_workers=_AHEAD) as pool:
        pending = deque(pool.submit(prepare, key) for key in islice(keys, _AHEAD))
        try:
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(prepare, key) for key in islice(keys, 1))
        finally:
            for future in pending:
                future.cancel()
