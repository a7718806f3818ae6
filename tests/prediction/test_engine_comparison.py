# SPDX-License-Identifier: Apache-2.0
import sys

import numpy as np
import pytest

from image_classification.CFC_SP.commands import compare_engines as command
from image_classification.CFC_SP.prediction import engine_comparison
from image_classification.CFC_SP.prediction.engine_comparison import compare_engines, describe_comparison
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError


class Predictor:
    """An engine that takes some seconds for a batch and whose logits are off by something."""

    def __init__(self, name, seconds, off):
        self._name, self.seconds, self._off, self.is_open = name, seconds, off, True

    def status(self):
        return {"engine": self._name, "device": "cpu", "fell_back": False}

    def begin(self, program, crops):
        assert program == "frame" and self.is_open
        return self

    def result(self):
        return np.full((1, 2, 5), [self._off, 0, 0, 0, 0]), np.zeros((1, 2, 4))

    def close(self):
        self.is_open = False


@pytest.fixture
def machine(monkeypatch):
    """Has engines: by name (seconds of a batch, how far its logits are off), or why it refuses."""

    def make(**engines):
        made = {}

        def start(bundle, device, engine):
            if isinstance(engines[engine], str):
                raise UserError(engines[engine])
            made[engine] = Predictor(engine, *engines[engine])
            return made[engine]

        monkeypatch.setattr(engine_comparison, "installed_engines", lambda: [name for name in engines])
        monkeypatch.setattr(engine_comparison, "start_predictor", start)
        return made

    return make


def test_the_fastest_is_named_and_that_they_agree(machine, lite):
    made = machine(paddle=(0.2, 0.0), onnxruntime=(0.4, 1e-5), openvino=(0.1, 1e-6))
    rows = compare_engines(lite, batches=3)
    assert [(row.name, row.faces_per_s) for row in rows] == [("paddle", 80), ("onnxruntime", 40), ("openvino", 160)]
    assert {len(row.seconds) for row in rows} == {3} and not any(predictor.is_open for predictor in made.values())
    said = describe_comparison(rows)
    assert "Fastest here: openvino. `auto` takes paddle." in said and "They agree: probabilities differ by" in said


def test_engines_that_do_not_agree_are_told(machine, lite):
    machine(paddle=(0.2, 0.0), openvino=(0.1, 0.1))
    assert "They do NOT agree: probabilities differ by" in describe_comparison(compare_engines(lite, batches=1))


def test_one_that_is_not_there_or_refuses_has_its_reason(machine, lite):
    machine(paddle=(0.2, 0.0), onnxruntime="frame.onnx is missing")
    said = describe_comparison(compare_engines(lite, batches=1))
    assert "onnxruntime: frame.onnx is missing" in said and "openvino: not installed: pip install 'cfc-sp[openvino]'" in said
    assert "agree" not in said


def test_where_none_can_run_it_is_said(machine, lite):
    machine(paddle="no memory")
    with pytest.raises(UserError, match="no engine could run: paddle: no memory; onnxruntime: not installed"):
        compare_engines(lite)


def test_without_any_it_says_what_to_install(monkeypatch, lite, capsys):
    for name in ("paddle", "onnxruntime", "openvino"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run_script(command, ["-bundle", str(lite)]) == 2
    assert "no engine is installed to run the networks: pip install 'cfc-sp[cpu]' or 'cfc-sp[onnx]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"), [({"batches": 0}, "-batches: expected 1 or more"), ({"device": "tpu"}, "-device: expected one of")]
)
def test_words_that_mean_nothing_are_refused(lite, words, told):
    with pytest.raises(UserError, match=told):
        compare_engines(lite, **words)
