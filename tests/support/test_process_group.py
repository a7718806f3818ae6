# SPDX-License-Identifier: Apache-2.0
import csv
import shutil
from functools import partial

import numpy as np
import paddle
import pytest
from paddle import nn

from image_classification.backbones import BACKBONES, Registered
from image_classification.CFC_SP.config import parse_config
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.process_group import Group, run_together
from image_classification.CFC_SP.training.trainer import train
from image_classification.CFC_SP.training.validation import measure_statistics
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint
from image_classification.layers import Backbone


class Plain(Backbone):
    """A few thousand parameters, and no batch norm, whose statistics would be each process's own on CPUs."""

    min_input = 16

    def __init__(self, num_classes, in_channels, input_size, dropout):
        super().__init__(in_channels)
        self.convolution = nn.Conv2D(in_channels, 8, 5, stride=3)
        self.add_head(8, num_classes, dropout)

    def forward_features(self, x):
        return nn.functional.relu(self.convolution(x))


def build_plain(**keywords) -> Plain:
    return Plain(**keywords)


def train_plain(text, group):
    """In a process of its own nothing is patched yet."""
    BACKBONES["repvgg_lite"] = Registered(Plain, build_plain)
    train(parse_config(text), "cpu", group=group)


@pytest.fixture
def uneven(ferplus, tmp_path):
    """23 validation pictures, which two processes cannot halve."""
    folder = shutil.copytree(ferplus, tmp_path / "uneven")
    lines = (folder / "fer2013new.csv").read_text().splitlines()
    lines.remove(next(line for line in reversed(lines) if line.startswith("PublicTest")))
    (folder / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_two_processes_train_as_one(uneven, small_config, tmp_path, monkeypatch):
    """The same losses, scores and weights with the same whole batch; each process computes its half in two parts."""
    monkeypatch.setitem(BACKBONES, "repvgg_lite", Registered(Plain, build_plain))

    def config(name):
        changes = {"DATA.ROOT": uneven, "OUTPUT": tmp_path, "NAME": name, "TRAIN.EPOCHS": 2, "TRAIN.BASE_LR": 0.1, "TRAIN.GRAD_CLIP": 1.0}
        return small_config(changes | {"TRAIN.ACCUMULATE": 2}).dump()

    train_plain(config("one"), Group())
    run_together(partial(train_plain, config("two")), "cpu", 2)
    one, two = (read(tmp_path / name) for name in ("one", "two"))
    assert [row["val_accuracy"] for row in one[0]] == [row["val_accuracy"] for row in two[0]]
    assert [row["val_macro_f1"] for row in one[0]] == [row["val_macro_f1"] for row in two[0]]
    losses = np.array([[float(row["loss"]) for row in rows] for rows, _ in (one, two)])
    np.testing.assert_allclose(losses[1], losses[0], atol=2e-5)
    assert losses[0, 0] != losses[0, 1]
    assert list(one[1]) == list(two[1])
    for name, value in one[1].items():
        np.testing.assert_allclose(two[1][name], value, atol=1e-4, rtol=1e-3, err_msg=name)


def read(run):
    with open(run / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), load_checkpoint(run / "last.safetensors")[0]


def measure_in_each(folder, group):
    """Measures the statistics of a small face network on this process's half of the batches and writes them down."""
    paddle.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1D(5))
    batches = np.random.default_rng(0).normal(0, 2, (3, 8, 3, 2, 2)).astype("float32")
    measure_statistics(model, [(group.share(batch), None) for batch in batches], group)
    np.savez(folder / f"{group.rank}.npz", mean=model[2]._mean.numpy(), variance=model[2]._variance.numpy())


@pytest.mark.slow
def test_two_processes_end_with_equal_statistics(tmp_path):
    run_together(partial(measure_in_each, tmp_path), "cpu", 2)
    one, two = (np.load(tmp_path / f"{rank}.npz") for rank in (0, 1))
    for name in ("mean", "variance"):
        np.testing.assert_array_equal(one[name], two[name])
    paddle.seed(0)
    layer = nn.Linear(12, 5)
    batches = np.random.default_rng(0).normal(0, 2, (3, 8, 12)).astype("float32")
    halves = layer(paddle.to_tensor(batches.reshape(6, 4, 12))).numpy()
    np.testing.assert_allclose(one["mean"], halves.mean((0, 1)), atol=1e-5)
    np.testing.assert_allclose(one["variance"], halves.var(1).mean(0), rtol=1e-4)


def fail_in_one(error, group):
    if group.rank == 1:
        raise error
    group.sum(np.zeros(1))


def test_one_process_ends_the_others_with_its_mistake():
    with pytest.raises(UserError, match="expected whole pictures"):
        run_together(partial(fail_in_one, UserError("expected whole pictures")), "cpu", 2)


@pytest.mark.slow
def test_one_process_ends_the_others_with_its_traceback():
    with pytest.raises(Exception, match=r"(?s)Process 1 .*fail_in_one.*ZeroDivisionError: ours"):
        run_together(partial(fail_in_one, ZeroDivisionError("ours")), "cpu", 2)


@pytest.mark.parametrize(("device", "processes"), [("cpu", 0), ("cpu", 1), ("gpu", 0)])
def test_fewer_than_two_processes_are_refused(device, processes):
    with pytest.raises(UserError, match="expected two GPUs or more, found 0: train on one device with `cfc-sp train`, or give -processes"):
        run_together(print, device, processes)


def test_parts_of_a_batch_make_it_whole():
    parts = [Group(rank, 4).share(np.arange(8)) for rank in range(4)]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(8))
    assert Group().share(np.arange(8)).tolist() == list(range(8))
