# SPDX-License-Identifier: Apache-2.0
"""Crops of many frames in full batches, each of which begins as soon as it is full."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

Outputs = tuple[np.ndarray, ...]


class Run(Protocol):
    """A run of a program that has begun."""

    def result(self) -> Outputs:
        """Waits for the outputs."""


class Batcher:
    """Collects crops uint8 [S, S, 3] into runs of `size` crops.

    begin: begins a run on crops [size, S, S, 3], whose result is the coarse logits [M, size, 5] and the negative ones [K, size, 4].
    """

    def __init__(self, begin: Callable[[np.ndarray], Run], size: int):
        self._begin, self._size = begin, size
        self._filling = _Batch(begin, size)

    def add(self, crop: np.ndarray) -> "PendingLogits":
        """The crop's logits, which are there once its batch is done."""
        if self._filling.begun:
            self._filling = _Batch(self._begin, self._size)
        return self._filling.add(crop)


class PendingLogits:
    """One crop's logits, in a batch that fills, runs or is done."""

    def __init__(self, batch: "_Batch", row: int):
        self._batch, self._row = batch, row

    def get(self) -> Outputs:
        """Coarse logits [M, 5] and negative ones [K, 4]; waits for them. A batch that is not full yet begins as it is."""
        return tuple(part[:, self._row] for part in self._batch.outputs())


class _Batch:
    def __init__(self, begin: Callable[[np.ndarray], Run], size: int):
        self._begin, self._size = begin, size
        self._crops: list[np.ndarray] = []
        self._run: Run | None = None
        self._outputs: Outputs | None = None

    @property
    def begun(self) -> bool:
        return self._run is not None

    def add(self, crop: np.ndarray) -> PendingLogits:
        self._crops.append(crop)
        pending = PendingLogits(self, len(self._crops) - 1)
        if len(self._crops) == self._size:
            self._start()
        return pending

    def outputs(self) -> Outputs:
        if self._outputs is None:
            if self._run is None:
                self._start()
            self._outputs = self._run.result()
        return self._outputs

    def _start(self) -> None:
        self._run = self._begin(padded(np.stack(self._crops), self._size))
        self._crops = []


def padded(batch: np.ndarray, size: int) -> np.ndarray:
    """`batch` [n, ...] with zeros up to [size, ...]: oneDNN keeps memory for every shape it meets."""
    return np.concatenate([batch, np.zeros((size - len(batch), *batch.shape[1:]), batch.dtype)])
