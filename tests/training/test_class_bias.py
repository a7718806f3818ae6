# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.special import softmax

from image_classification.CFC_SP.core.labels import COARSE
from image_classification.CFC_SP.data.datasets import load_split
from image_classification.CFC_SP.exporting.members import load_members
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.files import sha256_of
from image_classification.CFC_SP.training.class_bias import fit_class_bias
from image_classification.CFC_SP.training.compiled import compile_network
from image_classification.CFC_SP.training.validation import validate
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint
from image_classification.CFC_SP.weights.trained import load_trained
from tools import fit_class_bias as script


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_bias_that_drew_the_classes_is_found(temperature):
    rng = np.random.default_rng(1)
    logits, bias = rng.normal(0, 2, (40_000, 4)), np.array([0.8, -0.5, 0.1, -0.4])
    truth = (rng.random((len(logits), 1)) > softmax((logits + bias) / temperature, axis=1).cumsum(1)).sum(1)
    found = fit_class_bias(logits, truth)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, bias, atol=0.06)


def test_a_class_that_nobody_chose_keeps_a_finite_bias():
    logits = np.random.default_rng(2).normal(0, 1, (500, 3))
    found = fit_class_bias(logits, logits[:, :2].argmax(1))
    assert np.isfinite(found).all()
    assert found[2] < min(found[:2])


def test_the_script_shifts_the_classifier_alone_and_once(write_trained, ferplus, tmp_path, capsys):
    path, out = write_trained("one", 1, {"DATA.NAME": "ferplus", "DATA.ROOT": ferplus}), tmp_path / "shifted" / "best.safetensors"
    words = ["-weights", str(path), "-data", str(ferplus), "-out", str(out.parent), "-device", "cpu"]
    assert run_script(script, words) == 0
    said = capsys.readouterr().out
    (before, old), (after, note) = load_checkpoint(path), load_checkpoint(out)
    added = dict(note["class_bias"])
    assert added.pop("sha256") == sha256_of(path)
    assert list(added) == list(COARSE)
    np.testing.assert_allclose(after["backbone.head.bias"] - before["backbone.head.bias"], list(added.values()), atol=1e-3)
    assert abs(sum(added.values())) < 0.01
    assert any(abs(value) > 0.05 for value in added.values())
    assert all(np.array_equal(after[name], before[name]) for name in before.keys() - {"backbone.head.bias"})
    assert note["git_sha"] == old["git_sha"]
    network = load_trained(out, "coarse")
    recomputed = validate(compile_network(network.model, "cpu"), load_split(network.config, "val"), 16)
    assert note["validation"] == {"val_accuracy": round(recomputed.accuracy, 5), "val_macro_f1": round(recomputed.macro_f1, 5)}
    assert f"val_accuracy {note['validation']['val_accuracy']}" in said
    (member,) = load_members({"coarse": [out]})["coarse"]
    assert member.changes == {"class_bias": note["class_bias"]}
    assert run_script(script, words) == 2
    assert "exists already: choose another -out" in capsys.readouterr().err
    words[1], words[5] = str(out), str(tmp_path / "twice")
    assert run_script(script, words) == 2
    assert "found one with a class_bias" in capsys.readouterr().err
    assert not (tmp_path / "twice").exists()
