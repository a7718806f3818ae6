# SPDX-License-Identifier: Apache-2.0
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from image_classification.CFC_SP.core.aligner import crop_face
from image_classification.CFC_SP.data import loader
from image_classification.CFC_SP.data.datasets import as_stage
from image_classification.CFC_SP.data.loader import plain_batches, training_batches
from image_classification.CFC_SP.data.transforms import augment
from tests.data.no_augmentation import OFF
from tests.events import LIMIT_S, wait_until

ORDER = np.random.default_rng(3).integers(0, 40, 70)


@pytest.fixture
def config(small_config):
    return small_config({"SEED": 9})


def test_batches_against_a_loop(stage_data, config):
    batches = list(training_batches(stage_data, ORDER, config, epoch=2))
    assert len(batches) == 70 // 16
    for step, (crops, targets) in enumerate(batches):
        assert (crops.dtype, crops.shape) == (np.uint8, (16, 16, 16, 3))
        assert (targets.dtype, targets.shape) == (np.float32, (16, 5))
        for i in range(16):
            index = ORDER[step * 16 + i]
            rng = np.random.default_rng((9, 2, step * 16 + i))
            np.testing.assert_array_equal(crops[i], augment(stage_data.source.pictures[index], 16, config.AUG, rng))
            np.testing.assert_array_equal(targets[i], stage_data.targets[index])


def test_same_batches_whatever_thread_prepares_them(stage_data, config, monkeypatch):
    expected = list(training_batches(stage_data, ORDER, config, epoch=0))
    """The second thread is done with its batch before the first begins its own."""
    threads, second_is_done = [], threading.Event()
    read, lock = stage_data.source.picture, threading.Lock()

    def out_of_order(index):
        with lock:
            threads.append(threading.get_ident())
            first, others = threads[0], [thread for thread in threads if thread != threads[0]]
            if len(others) > 16:
                second_is_done.set()
        if threading.get_ident() == first:
            assert second_is_done.wait(LIMIT_S)
        return read(index)

    monkeypatch.setattr(stage_data.source, "picture", out_of_order)
    for (crops, targets), (crops_before, targets_before) in zip(
        training_batches(stage_data, ORDER, config, epoch=0), expected, strict=True
    ):
        np.testing.assert_array_equal(crops, crops_before)
        np.testing.assert_array_equal(targets, targets_before)
    assert len(set(threads)) > 1
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("first", [1, 3, 4])
def test_resuming_gives_the_rest(stage_data, config, first):
    whole = [crops for crops, _ in training_batches(stage_data, ORDER, config, epoch=1)]
    rest = [crops for crops, _ in training_batches(stage_data, ORDER, config, 1, first)]
    assert len(rest) == len(whole) - first
    for crops, before in zip(rest, whole[first:], strict=True):
        np.testing.assert_array_equal(crops, before)


def test_epochs_and_seeds_draw_anew(stage_data, config, small_config):
    (one, _), (two, _), (three, _) = (
        next(training_batches(stage_data, ORDER, chosen, epoch)) for chosen, epoch in ((config, 0), (config, 1), (small_config(), 0))
    )
    assert (one != two).any()
    assert (one != three).any()


def test_memory_is_bounded(stage_data, config, monkeypatch):
    """However slow the network is, only a few batches wait for it."""
    monkeypatch.setattr(loader, "PREFETCHED", 3)
    read = []
    monkeypatch.setattr(stage_data.source, "picture", lambda index, real=stage_data.source.picture: read.append(index) or real(index))
    batches = training_batches(stage_data, np.resize(ORDER, 16 * 40), config, 0)
    for number, _ in enumerate(batches, 1):
        # The threads have come as far as they may.
        wait_until(lambda: len(read) >= 16 * min(40, number + 2))  # noqa: B023
        assert len(read) <= 16 * (number + 3)


def test_an_error_in_a_thread_is_raised(stage_data, config, monkeypatch):
    def broken(index):
        raise OSError("unreadable")

    monkeypatch.setattr(stage_data.source, "picture", broken)
    with pytest.raises(OSError, match="unreadable"):
        list(training_batches(stage_data, ORDER, config, 0))


@pytest.mark.parametrize("size", [20, 16, 33])
def test_plain_batches_are_the_crops_of_video(stage_data, size):
    batches = list(plain_batches(stage_data, size, 16))
    assert [len(batch) for batch in batches] == [16, 16, 8]
    for crop, picture in zip(np.concatenate(batches), stage_data.source.pictures, strict=True):
        np.testing.assert_array_equal(crop, crop_face(picture, (0, 0, 20, 20), size))


def test_training_and_validation_crop_alike_without_augmentation(stage_data):
    config = SimpleNamespace(SEED=0, DATA=SimpleNamespace(CROP_SIZE=20), TRAIN=SimpleNamespace(BATCH_SIZE=40), AUG=SimpleNamespace(**OFF))
    ((crops, _),) = training_batches(stage_data, np.arange(40), config, 0)
    np.testing.assert_array_equal(crops, next(plain_batches(stage_data, 20, 40)))


def test_pictures_that_are_not_square(pictures):
    data = as_stage(pictures([0, 4]), "flat", "votes")
    data.source.pictures = data.source.pictures[:, :12]
    (crops,) = plain_batches(data, 16, 8)
    np.testing.assert_array_equal(crops[0], crop_face(data.source.pictures[0], (0, 0, 20, 12), 16))
