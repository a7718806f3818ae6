"""Crops of many frames in full batches, each of which begins as soon as it is full."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Outputs = tuple[np.ndarray, ...]


class Batches:
    """Collects crops uint8 [S, S, 3] for runs of `size` crops. begin: begins a run on [size, S, S, 3], gives what waits for its
    coarse logits [M, size, 5] and negative ones [K, size, 4]."""

    def __init__(self, begin: Callable[[np.ndarray], Callable[[], Outputs]], size: int):
        self._begin, self._size = begin, size
        self._filling = _Run(begin, size)

    def add(self, crop: np.ndarray) -> "Place":
        """Where the crop's logits will be."""
        place = self._filling.add(crop)
        if self._filling.is_full:
            self._filling.begin()
            self._filling = _Run(self._begin, self._size)
        return place

    def logits_of(self, place: "Place") -> Outputs:
        """Coarse logits [M, 5] and negative ones [K, 4]; waits for them. A batch that is not full yet is not filled any more."""
        if place.run is self._filling:
            self._filling = _Run(self._begin, self._size)
        return tuple(part[:, place.row] for part in place.run.outputs())


@dataclass(frozen=True, slots=True)
class Place:
    """The row of a run."""

    run: "_Run"
    row: int


class _Run:
    def __init__(self, begin, size: int):
        self._begin, self._size = begin, size
        self._crops: list[np.ndarray] = []
        self._wait = self._outputs = None

    @property
    def is_full(self) -> bool:
        return len(self._crops) == self._size

    def add(self, crop: np.ndarray) -> Place:
        self._crops.append(crop)
        return Place(self, len(self._crops) - 1)

    def begin(self) -> None:
        self._wait = self._begin(padded(np.stack(self._crops), self._size))
        self._crops = []

    def outputs(self) -> Outputs:
        if self._outputs is None:
            if self._wait is None:
                self.begin()
            self._outputs = self._wait()
        return self._outputs


def padded(batch: np.ndarray, size: int) -> np.ndarray:
    """`batch` [n, ...] with zeros up to [size, ...]: oneDNN keeps memory for every shape it meets."""
    return np.concatenate([batch, np.zeros((size - len(batch), *batch.shape[1:]), batch.dtype)])
