# SPDX-License-Identifier: Apache-2.0
from functools import partial

import numpy as np
import pytest

from image_classification.CFC_SP.data.datasets import load_split
from image_classification.CFC_SP.exporting.members import load_members
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from image_classification.CFC_SP.training.averaging import average
from image_classification.CFC_SP.training.compiled import compile_network
from image_classification.CFC_SP.training.validation import validate
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint
from image_classification.CFC_SP.weights.trained import load_trained
from tools import average_weights


@pytest.fixture
def write_two(write_trained, ferplus):
    """Writes two networks trained on made-up pictures, the second with the changes asked for; returns their paths."""
    data = {"DATA.NAME": "ferplus", "DATA.ROOT": ferplus}

    def write(changes=None):
        return [write_trained("one", 1, data), write_trained("two", 2, data | (changes or {}))]

    return write


def test_the_mean_is_weighed_and_scored_anew(write_two, ferplus, tmp_path):
    paths, out = write_two(), tmp_path / "mean.safetensors"
    scores = average(paths, [3, 1], str(ferplus), "cpu", out)
    (one, _), (two, _), (mean, note) = map(load_checkpoint, [*paths, out])
    assert mean.keys() == one.keys()
    learned = [name for name in mean if not name.endswith(("_mean", "_variance"))]
    for name in learned:
        np.testing.assert_allclose(mean[name], 0.75 * one[name] + 0.25 * two[name], atol=1e-6)
    statistics = mean.keys() - set(learned)
    assert statistics
    assert not any(np.array_equal(mean[name], 0.75 * one[name] + 0.25 * two[name]) for name in statistics)
    network = load_trained(out, "coarse")
    recomputed = validate(compile_network(network.model, "cpu"), load_split(network.config, "val"), 16)
    assert note["validation"] == scores
    assert scores == {"val_accuracy": round(recomputed.accuracy, 5), "val_macro_f1": round(recomputed.macro_f1, 5)}
    parts = [{"name": n, "share": s, "sha256": sha256_of(p)} for n, s, p in zip(("one", "two"), (0.75, 0.25), paths, strict=True)]
    assert note["averaged"] == parts
    (member,) = load_members({"coarse": [out]})["coarse"]
    assert member.changes == {"averaged": parts}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"STAGE": "negative"}, "expected a network of the coarse stage as .*one.safetensors is, found one of negative"),
        ({"MODEL.IN_CHANNELS": 3}, "expected MODEL.IN_CHANNELS 1 as in .*one.safetensors, found 3"),
        ({"DATA.CROP_SIZE": 20}, "expected crops of 16 px as those of .*one.safetensors, found 20 px"),
    ],
)
def test_networks_that_do_not_fit_are_named(write_two, ferplus, tmp_path, changes, found):
    refused = partial(average, write_two(changes), [1, 1], str(ferplus), "cpu", tmp_path / "mean.safetensors")
    with pytest.raises(UserError, match=rf"two.safetensors: {found}"):
        refused()
    assert not (tmp_path / "mean.safetensors").exists()


@pytest.mark.parametrize("shares", [[1.0], [1.0, 0.0], [1.0, float("nan")]])
def test_shares_must_be_one_a_network(write_two, ferplus, tmp_path, shares):
    with pytest.raises(UserError, match="-shares: expected a positive number for each of the 2 networks, found"):
        average(write_two(), shares, str(ferplus), "cpu", tmp_path / "mean.safetensors")


def test_the_script_writes_a_run_once(write_two, ferplus, tmp_path, capsys):
    paths = [str(path) for path in write_two()]
    words = ["-weights", *paths, "-data", str(ferplus), "-out", str(tmp_path / "mean"), "-device", "cpu"]
    assert run_script(average_weights, [*words, "-shares", "1"]) == 2
    assert not (tmp_path / "mean").exists()
    assert run_script(average_weights, words) == 0
    assert "best.safetensors: val_accuracy 0." in capsys.readouterr().out
    assert [part["share"] for part in load_checkpoint(tmp_path / "mean" / "best.safetensors")[1]["averaged"]] == [0.5, 0.5]
    assert run_script(average_weights, words) == 2
    assert "best.safetensors exists already: choose another -out, or remove it" in capsys.readouterr().err
