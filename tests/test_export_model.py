# SPDX-License-Identifier: Apache-2.0
"""export_model.py as a person calls it."""

import numpy as np
import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.config import load_config
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


def test_a_calibrated_bundle_knows_the_shares_of_its_training_data(write_ferplus, tmp_path):
    """Three pictures in four are happy; without a picture of every class nothing is known, and what a config states stays."""
    picture = np.zeros((48, 48), np.uint8)
    happy, few = ([0] * 10, [[10 * (place == number) for place in range(10)] for number in (0, 1, 2, 3, 4, 5, 6, 7)])
    happy[1] = 10
    rows = [("Training", f"fer{number:07}.png", votes, picture) for number, votes in enumerate([*few, *[happy] * 24])]
    config = load_config("configs/lite/lite_repvgg_flat.yaml")
    whole = export_model.with_shares(config, "ferplus", str(write_ferplus(tmp_path / "whole", rows)))
    assert whole.PRIOR.SHARES == [0.0312, 0.0312, 0.0312, 0.0312, 0.7812, 0.0312, 0.0312, 0.0312] and not config.PRIOR.SHARES
    assert export_model.with_shares(config, "ferplus", str(write_ferplus(tmp_path / "part", rows[1:]))) is config
    assert export_model.with_shares(whole, "ferplus", "nowhere") is whole
