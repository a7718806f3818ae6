# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.weights.derived_run import begin_run, say_scores


def test_a_run_is_not_written_over(tmp_path, capsys):
    arguments = SimpleNamespace(out=tmp_path / "run", device="cpu")
    assert begin_run(arguments) == ("cpu", tmp_path / "run" / "best.safetensors")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.safetensors").touch()
    with pytest.raises(UserError, match=r"best\.safetensors exists already: choose another -out, or remove it"):
        begin_run(arguments)
    say_scores(tmp_path, {"accuracy": 0.5, "loss": 2})
    assert capsys.readouterr().out == f"{tmp_path}: accuracy 0.5, loss 2\n"
