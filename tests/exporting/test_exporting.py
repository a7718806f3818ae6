# SPDX-License-Identifier: Apache-2.0
from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.support.command_line import run_script


def export(*words):
    return run_script(export_model, list(map(str, words)))


def test_a_folder_that_is_no_bundle_is_left_alone(checkpoints, tmp_path, capsys):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear friend")
    assert export("-coarse", checkpoints["coarse"], "-negative", checkpoints["negative"], "-out", folder) == 2
    assert "is no bundle" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["precious", "letter.txt"]
