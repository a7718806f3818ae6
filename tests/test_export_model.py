# SPDX-License-Identifier: Apache-2.0
"""export_model.py as a person calls it."""

import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.support.command_line import run_script


def export(*words):
    return run_script(export_model, list(map(str, words)))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-coarse", "a"],
        ["-negative", "a"],
        ["-cfg", "configs/table2.yaml", "-row", "9", "-coarse", "a", "-negative", "b"],
        ["-coarse", "a", "-negative", "b", "-row", "9"],
        ["-coarse", "a", "-negative", "b", "-random"],
    ],
    ids=" ".join,
)
def test_networks_are_named_in_one_way(words, tmp_path, capsys):
    assert export(*words, "-out", tmp_path / "b") == 2
    assert "choose one way" in capsys.readouterr().err
