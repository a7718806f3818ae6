# SPDX-License-Identifier: Apache-2.0
import errno
import fcntl
import json
import os

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.aligner import crop_face
from image_classification.CFC_SP.scoring import cache as module
from image_classification.CFC_SP.scoring.cache import LogitsCache
from image_classification.CFC_SP.scoring.frames import load_frames
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, save_checkpoint
from image_classification.CFC_SP.weights.trained import load_trained


@pytest.fixture
def open_cache(affwild2, tmp_path):
    def build(split="val", flip=False):
        return LogitsCache(tmp_path / "cache", load_frames("affwild2", affwild2, "val"), "affwild2", split, flip)

    return build


class Counting:
    """Stands in for networks: logits that are the mean of the crop, and a count of the batches that were run."""

    def __init__(self):
        self.batches, self.stop_after = 0, None

    def __call__(self, crops):
        if self.stop_after == self.batches:
            raise KeyboardInterrupt
        self.batches += 1
        return crops.reshape(len(crops), -1).mean(1, dtype=np.float32)[:, None] * np.arange(1, 6, dtype=np.float32)


@pytest.fixture
def counting(monkeypatch):
    networks = Counting()
    monkeypatch.setattr(module, "compile_network", lambda model, device: networks)
    monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_NOTES", 0)
    return networks


@pytest.mark.parametrize("flip", [False, True])
def test_logits_are_those_of_the_eager_network(open_cache, affwild2, trained, flip):
    path = trained("coarse")
    logits = open_cache(flip=flip).logits(path, "coarse")
    model = load_trained(path, "coarse").model
    model.eval()
    source = load_frames("affwild2", affwild2, "val").source
    for i in range(11):
        crop = crop_face(source.picture(i), (0, 0, 20, 20), 16)
        views = np.stack([crop, crop[:, ::-1]][: 1 + flip])
        expected = model(paddle.to_tensor(views)).numpy().mean(0)
        np.testing.assert_allclose(logits[i], expected, atol=1e-4 * np.abs(expected).max())
    assert logits.shape == (11, 5) and logits.dtype == np.float32 and np.ptp(logits[:, 0]) > 0


def test_a_network_runs_once(open_cache, trained, counting, tmp_path, capsys):
    path = trained("coarse")
    first = np.array(open_cache().logits(path, "coarse"))
    assert counting.batches == 3
    np.testing.assert_array_equal(open_cache().logits(path, "coarse"), first)
    assert counting.batches == 3
    assert "11 pictures in" in capsys.readouterr().out
    note = json.loads(next((tmp_path / "cache").glob("*.json")).read_text())
    assert (note["done"], note["rows"], note["name"]) == (11, 11, "coarse0")


def test_what_was_killed_goes_on_where_it_stood(open_cache, trained, counting, tmp_path):
    path = trained("coarse")
    counting.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        open_cache().logits(path, "coarse")
    assert json.loads(next((tmp_path / "cache").glob("*.json")).read_text())["done"] == 8
    counting.stop_after = None
    resumed = np.array(open_cache().logits(path, "coarse"))
    assert counting.batches == 3
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    np.testing.assert_array_equal(open_cache().logits(path, "coarse"), resumed)


def test_whatever_changes_is_another_entry(open_cache, affwild2, trained, counting):
    path = trained("coarse")
    first = open_cache().logits(path, "coarse").filename

    def changed():
        return open_cache().logits(path, "coarse").filename != first

    assert open_cache(flip=True).logits(path, "coarse").filename != first
    assert open_cache(split="test").logits(path, "coarse").filename != first
    assert not changed()
    (affwild2 / "crops" / "a" / "00002.jpg").touch()
    assert changed()
    second = open_cache().logits(path, "coarse").filename
    arrays, note = load_checkpoint(path)
    save_checkpoint(path, arrays | {name: value + 1e-3 for name, value in arrays.items() if ".head." in name}, note)
    assert open_cache().logits(path, "coarse").filename not in (first, second)


@pytest.mark.parametrize("damage", ["note", "numbers", "array", "zip", "lost"])
def test_a_damaged_entry_is_computed_anew(open_cache, trained, counting, tmp_path, damage):
    path = trained("coarse")
    first = np.array(open_cache().logits(path, "coarse"))
    note, table = next((tmp_path / "cache").glob("*.json")), next((tmp_path / "cache").glob("*.npy"))
    if damage == "note":
        note.write_text("[")
    elif damage == "numbers":
        note.write_text(json.dumps(json.loads(note.read_text()) | {"done": 10**9}))
    elif damage == "array":
        table.write_bytes(table.read_bytes()[:-4])
    elif damage == "zip":
        table.write_bytes(b"PK\x03\x04" + table.read_bytes()[4:])
    else:
        table.unlink()
    np.testing.assert_array_equal(open_cache().logits(path, "coarse"), first)
    assert counting.batches == 6


def test_a_damaged_picture_is_nan(open_cache, affwild2, trained, counting, monkeypatch):
    monkeypatch.setattr("image_classification.CFC_SP.data.datasets.MAX_DAMAGED", 0.2)
    (affwild2 / "crops" / "b_left" / "00001.jpg").write_bytes(b"no picture")
    logits = open_cache().logits(trained("coarse"), "coarse")
    assert np.flatnonzero(np.isnan(logits).all(1)).tolist() == [7] and np.isnan(logits).sum() == 5


def test_faults_are_one_sentence(open_cache, trained, counting, tmp_path, monkeypatch):
    path = trained("coarse")
    with pytest.raises(UserError, match="expected a checkpoint of the flat stage, found one of the coarse"):
        open_cache().logits(path, "flat")
    (tmp_path / "cache2").write_text("a file")
    with pytest.raises(UserError, match="-cache: expected a folder, found a file at .*choose another -cache"):
        LogitsCache(tmp_path / "cache2", open_cache()._frames, "affwild2", "val")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        with pytest.raises(UserError, match="No space left on device.*make room"):
            open_cache().logits(path, "coarse")
    monkeypatch.setattr(Counting, "__call__", lambda self, crops: np.full((len(crops), 5), np.nan, np.float32))
    with pytest.raises(UserError, match="expected finite logits, found NaN or infinity at a/00002.jpg"):
        open_cache().logits(path, "coarse")
    with open(next((tmp_path / "cache").glob("*.lock")), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process computes these logits"):
            open_cache().logits(path, "coarse")


@pytest.mark.parametrize("place", [(0, 0), (10, 4), (5, 2)])
def test_overwritten_logits_are_not_believed(open_cache, trained, counting, tmp_path, place):
    path = trained("coarse")
    first = np.array(open_cache().logits(path, "coarse"))
    table = np.load(next((tmp_path / "cache").glob("*.npy")), mmap_mode="r+")
    table[place] += 1
    table.flush()
    np.testing.assert_array_equal(open_cache().logits(path, "coarse"), first)
    assert counting.batches == 6


@pytest.mark.parametrize("note", ["[" * 100_000, "9" * 5000, "null", '{"done": true}', " " * 100_000])
def test_a_note_of_another_shape_is_not_believed(open_cache, trained, counting, tmp_path, note):
    path = trained("coarse")
    first = np.array(open_cache().logits(path, "coarse"))
    next((tmp_path / "cache").glob("*.json")).write_text(note)
    np.testing.assert_array_equal(open_cache().logits(path, "coarse"), first)
    assert counting.batches == 6
