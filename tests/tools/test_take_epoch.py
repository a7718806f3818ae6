# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, save_checkpoint
from tools import take_epoch


@pytest.fixture
def kept(tmp_path):
    """A run's folder with the weights of epochs 2, 3 and 1, the best first."""
    (folder := tmp_path / "run").mkdir()
    for name, epoch in (("best", 2), ("best-2", 3), ("best-3", 1)):
        save_checkpoint(folder / f"{name}.safetensors", {"a": np.array([epoch])}, {"validation": {"epoch": epoch}})
    return folder


@pytest.mark.parametrize(("words", "epoch"), [([], 3), (["-epoch", "1"], 1)])
def test_an_epoch_becomes_a_run(kept, tmp_path, words, epoch):
    assert run_script(take_epoch, ["-run", str(kept), "-out", str(tmp_path / "own"), *words]) == 0
    arrays, note = load_checkpoint(tmp_path / "own" / "best.safetensors")
    assert arrays["a"] == epoch and note["validation"]["epoch"] == epoch


def test_mistakes_are_told(kept, tmp_path, capsys):
    assert run_script(take_epoch, ["-run", str(kept), "-out", str(tmp_path / "own"), "-epoch", "4"]) == 2
    assert "expected one of the epochs that were kept, 1, 2, 3, found 4" in capsys.readouterr().err
    assert run_script(take_epoch, ["-run", str(tmp_path), "-out", str(tmp_path / "own")]) == 2
    assert "expected a run with a best.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "own").exists()
    assert run_script(take_epoch, ["-run", str(kept), "-out", str(kept)]) == 2
    assert "exists already: choose another -out" in capsys.readouterr().err
