# SPDX-License-Identifier: Apache-2.0
import multiprocessing
import os
import resource
import signal
from contextlib import suppress

import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.training import run_folder
from image_classification.CFC_SP.training.run_folder import RunFolder
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint


@pytest.fixture
def folder(small_config, tmp_path):
    return RunFolder(small_config({"OUTPUT": tmp_path, "TRAIN.KEEP": 3}))


def claim_and_wait(folder, ready):
    with folder.claimed(resume=False):
        ready.send("claimed")
        ready.recv()


def test_one_writer_at_a_time_until_it_is_killed(folder):
    """The other process is killed in the midst of its claim, which leaves nothing behind that keeps the next one out."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=claim_and_wait, args=(folder, theirs))
    process.start()
    assert ours.recv() == "claimed"
    with pytest.raises(UserError, match="another process is training in .*small: wait for it or end it"), folder.claimed(resume=False):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with folder.claimed(resume=False):
        pass


def test_a_full_disk_leaves_the_checkpoint_before_whole(folder):
    """The largest size of a file stands for what is left on the disk."""
    row = {"epoch": 1, "val_macro_f1": 0.5}
    small, large = {"weight": np.arange(9.0)}, {"weight": np.zeros(100_000)}
    with folder.claimed(resume=False):
        folder.save_last(small, {"step": 1})
        folder.keep_best([row], small, {"validation": row})
        before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            with pytest.raises(UserError, match=r"last\.safetensors cannot be written \(.*File too large.*the checkpoint before is whole"):
                folder.save_last(large, {"step": 2})
            with pytest.raises(UserError, match=r"best\.safetensors cannot be written"):
                folder.keep_best([row, {"epoch": 2, "val_macro_f1": 0.6}], large, {})
            with pytest.raises(UserError, match=r"curves\.png cannot be written"):
                folder.write_rows([dict.fromkeys(("epoch", "steps", "loss", "lr", "val_accuracy", "val_macro_f1", "seconds"), 1)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (folder.path / "last.safetensors").read_bytes() == before["last.safetensors"]
    assert load_checkpoint(folder.path / "best-2.safetensors")[1]["validation"] == row
    assert not list(folder.path.glob(".part*"))


class Killed(Exception):
    pass


def die_after(operations, patched):
    """Lets so many writes and renames pass, then raises Killed."""
    left = iter(range(operations))

    def counted(real):
        def call(*arguments):
            if next(left, None) is None:
                raise Killed
            return real(*arguments)

        return call

    patched.setattr(run_folder, "save_checkpoint", counted(run_folder.save_checkpoint))
    patched.setattr(run_folder.Path, "replace", counted(run_folder.Path.replace))


@pytest.mark.parametrize("scores", [[0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.4, 0.3, 0.2, 0.1], [0.3, 0.3, 0.5, 0.1, 0.4, 0.3]])
def test_the_best_are_in_order_even_when_every_step_is_done_twice(folder, scores, monkeypatch):
    """Each epoch is first cut short at its first or second file operation, then done again, as after a kill."""

    rows = []
    with folder.claimed(resume=False):
        for epoch, score in enumerate(scores, 1):
            rows.append({"epoch": epoch, "val_macro_f1": score})
            weights, note = {"epoch": np.array([epoch])}, {"validation": rows[-1]}
            for survived in (0, 1, 2, 99):
                with monkeypatch.context() as patched, suppress(Killed):
                    die_after(survived, patched)
                    folder.keep_best(rows, weights, note)
    expected = sorted(rows, key=lambda row: (-row["val_macro_f1"], row["epoch"]))[:3]
    for row, name in zip(expected, ("best", "best-2", "best-3"), strict=True):
        arrays, note = load_checkpoint(folder.path / f"{name}.safetensors")
        assert (arrays["epoch"].tolist(), note["validation"]) == ([row["epoch"]], row)
    assert len(list(folder.path.glob("best*"))) == 3
