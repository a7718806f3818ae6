import numpy as np
import pytest

from image_classification.CFC_SP.inference.batches import Batches


class Runs:
    """Networks whose logits are the crop's first pixel, with a log of what began and what was waited for."""

    def __init__(self):
        self.begun, self.waited = [], []

    def begin(self, batch):
        number = len(self.begun)
        self.begun.append(batch[:, 0, 0, 0].tolist())

        def wait():
            self.waited.append(number)
            values = batch[:, 0, 0, 0].astype(np.float32)
            return np.repeat(values[None, :, None], 5, axis=2), np.repeat(values[None, :, None] + 100, 4, axis=2)

        return wait


def crop(value):
    return np.full((4, 4, 3), value, np.uint8)


@pytest.fixture
def runs():
    return Runs()


def test_a_batch_begins_when_it_is_full_and_not_before(runs):
    batches = Batches(runs.begin, 3)
    for value in (1, 2):
        batches.add(crop(value))
    assert runs.begun == []
    for value in (3, 4):
        batches.add(crop(value))
    assert runs.begun == [[1, 2, 3]] and runs.waited == []


def test_every_crop_gets_its_own_logits_in_any_order_and_each_run_is_waited_for_once(runs):
    batches = Batches(runs.begin, 3)
    places = {value: batches.add(crop(value)) for value in range(1, 9)}
    for value in (8, 2, 5, 1, 7, 3, 4, 6):
        coarse, negative = batches.logits_of(places[value])
        np.testing.assert_array_equal(coarse, np.full((1, 5), value))
        np.testing.assert_array_equal(negative, np.full((1, 4), value + 100))
    assert runs.begun == [[1, 2, 3], [4, 5, 6], [7, 8, 0]]
    assert sorted(runs.waited) == [0, 1, 2]


def test_what_comes_after_a_batch_was_asked_for_early_goes_into_the_next(runs):
    batches = Batches(runs.begin, 3)
    batches.logits_of(batches.add(crop(1)))
    later = batches.add(crop(2))
    np.testing.assert_array_equal(batches.logits_of(later)[0], np.full((1, 5), 2))
    assert runs.begun == [[1, 0, 0], [2, 0, 0]]
