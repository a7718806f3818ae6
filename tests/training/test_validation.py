# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.data import datasets
from image_classification.CFC_SP.support.process_group import Group
from image_classification.CFC_SP.training.validation import measure_statistics, validate


def test_measure_statistics_against_numpy():
    model = paddle.nn.Sequential(paddle.nn.BatchNorm2D(3))
    model[0]._mean.set_value(np.full(3, 50, "float32"))
    batches = np.random.default_rng(0).normal(2, 3, (5, 8, 3, 4, 4)).astype("float32")
    measure_statistics(model, [(batch, None) for batch in batches])
    np.testing.assert_allclose(model[0]._mean.numpy(), batches.mean((1, 3, 4)).mean(0), rtol=1e-4)
    np.testing.assert_allclose(model[0]._variance.numpy(), batches.var((1, 3, 4)).mean(0), rtol=0.02)
    assert model[0]._momentum == 0.9


@pytest.mark.parametrize("size", [1, 2])
def test_the_statistics_of_an_embedding_are_measured_over_all_processes(size):
    """The face networks end in a normalisation of numbers, not of maps: its running mean keeps nothing of what it was."""
    batches = np.random.default_rng(0).normal(2, 3, (4, 16, 3)).astype("float32")
    found, sums = [], []

    class Adding(Group):
        """Knows what the processes before it gave, and adds up when it is the last."""

        def sum(self, array):
            sums.append(array)
            return sum(sums[i] for i in range(len(sums) - 1, -1, -2)) if self.rank == self.size - 1 else array

    for rank in range(size):
        model = paddle.nn.Sequential(paddle.nn.BatchNorm1D(3))
        model[0]._mean.set_value(np.full(3, 50, "float32"))
        parts = [(np.split(batch, size)[rank], None) for batch in batches]
        measure_statistics(model, parts, Adding(rank, size))
        found = model[0]._mean.numpy(), model[0]._variance.numpy()
    halves = batches.reshape(4 * size, 16 // size, 3)
    np.testing.assert_allclose(found[0], halves.mean(1).mean(0), rtol=1e-4)
    np.testing.assert_allclose(found[1], halves.var(1).mean(0), rtol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 41])
def test_scores_over_uneven_parts_are_those_of_the_whole(stage_data, monkeypatch, size):
    """40 pictures among 3 or 41 processes; each answers with its own numbers, and the sum of all is what everyone scores."""
    monkeypatch.setattr(datasets, "MAX_DAMAGED", 0.1)
    monkeypatch.setitem(stage_data.damaged, 7, "damaged")
    crops = {picture.tobytes(): number for number, picture in enumerate(stage_data.source.pictures)}
    answers = np.random.default_rng(0).integers(0, 5, 40)
    # Picture 8 stands in for the damaged one.
    numbers = {crop: number for crop, number in crops.items() if number != 7}
    parts = []

    def network(batch):
        return np.eye(5)[[answers[numbers[crop.tobytes()]] for crop in batch]]

    class Collecting(Group):
        def sum(self, array):
            parts.append((self.rank, array))
            return array

    for rank in range(size):
        validate(network, stage_data, 20, Collecting(rank, size))
    damaged, predictions = (np.sum([array for _, array in parts[kind::2]], axis=0) for kind in (0, 1))
    whole = np.arange(40) != 7
    np.testing.assert_array_equal(damaged == 0, whole)
    np.testing.assert_array_equal(predictions[whole], answers[whole])
    alone = validate(network, stage_data, 20)
    assert alone.accuracy == (answers == stage_data.labels)[whole].mean()
    assert alone.confusion.sum() == 39
