# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.inference.batcher import Batcher


class Runs:
    """Networks whose logits are the crop's first pixel, with a log of what began and what was waited for."""

    def __init__(self):
        self.begun, self.waited = [], []

    def begin(self, batch):
        self.begun.append(batch[:, 0, 0, 0].tolist())
        return Run(self, len(self.begun) - 1, batch[:, 0, 0, 0].astype(np.float32))


class Run:
    def __init__(self, runs, number, values):
        self._runs, self._number, self._values = runs, number, values

    def result(self):
        self._runs.waited.append(self._number)
        return np.repeat(self._values[None, :, None], 5, axis=2), np.repeat(self._values[None, :, None] + 100, 4, axis=2)


def crop(value):
    return np.full((4, 4, 3), value, np.uint8)


@pytest.fixture
def runs():
    return Runs()


def test_a_batch_begins_when_it_is_full_and_not_before(runs):
    batcher = Batcher(runs.begin, 3)
    for value in (1, 2):
        batcher.add(crop(value))
    assert runs.begun == []
    for value in (3, 4):
        batcher.add(crop(value))
    assert runs.begun == [[1, 2, 3]] and runs.waited == []


def test_every_crop_gets_its_own_logits_in_any_order_and_each_run_is_waited_for_once(runs):
    batcher = Batcher(runs.begin, 3)
    pending = {value: batcher.add(crop(value)) for value in range(1, 9)}
    for value in (8, 2, 5, 1, 7, 3, 4, 6):
        coarse, negative = pending[value].get()
        np.testing.assert_array_equal(coarse, np.full((1, 5), value))
        np.testing.assert_array_equal(negative, np.full((1, 4), value + 100))
    assert runs.begun == [[1, 2, 3], [4, 5, 6], [7, 8, 0]]
    assert sorted(runs.waited) == [0, 1, 2]


def test_what_comes_after_a_batch_was_asked_for_early_goes_into_the_next(runs):
    batcher = Batcher(runs.begin, 3)
    batcher.add(crop(1)).get()
    later = batcher.add(crop(2))
    np.testing.assert_array_equal(later.get()[0], np.full((1, 5), 2))
    assert runs.begun == [[1, 0, 0], [2, 0, 0]]
