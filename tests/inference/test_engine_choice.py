# SPDX-License-Identifier: Apache-2.0
import sys

import pytest

from image_classification.CFC_SP.inference import engine_choice
from image_classification.CFC_SP.inference.engine_choice import DEVICES, ENGINES, check_choice, chosen_engine, installed_engines
from image_classification.CFC_SP.support.errors import UserError


@pytest.fixture
def installed(monkeypatch):
    """Says which engines are installed."""
    return lambda *names: monkeypatch.setattr(engine_choice, "installed_engines", lambda: list(names))


@pytest.mark.parametrize(
    ("here", "device", "expected"),
    [
        (("paddle", "onnxruntime", "openvino"), "auto", "paddle"),
        (("onnxruntime", "openvino"), "auto", "onnxruntime"),
        (("openvino",), "cpu", "openvino"),
        (("paddle", "onnxruntime"), "coreml", "onnxruntime"),
    ],
)
def test_auto_takes_the_first_that_is_installed_and_knows_the_device(installed, here, device, expected):
    installed(*here)
    assert chosen_engine("auto", device) == expected


def test_without_an_engine_it_is_said_what_to_install(installed):
    installed()
    with pytest.raises(UserError, match=r"no engine is installed.*cfc-sp\[cpu\].*cfc-sp\[onnx\].*cfc-sp\[openvino\]"):
        chosen_engine("auto", "auto")


def test_a_device_that_no_installed_engine_knows(installed):
    installed("paddle", "openvino")
    with pytest.raises(UserError, match=r"-device directml needs onnxruntime, found paddle, openvino: pip install 'cfc-sp\[onnx\]'"):
        chosen_engine("auto", "directml")


def test_an_engine_and_a_device_that_do_not_go_together():
    with pytest.raises(UserError, match="-engine openvino runs on cpu, and -device asks for gpu"):
        chosen_engine("openvino", "gpu")


@pytest.mark.parametrize(("option", "known"), [("engine", ENGINES), ("device", DEVICES)])
def test_an_unknown_word_lists_the_known_ones(option, known):
    with pytest.raises(UserError, match=f"-{option}: expected one of {', '.join(known)}, found 'fast'"):
        check_choice(**{"device": "auto", "engine": "auto", "precision": "auto", option: "fast"})


def test_a_package_that_is_blocked_is_not_installed(monkeypatch):
    assert "paddle" in installed_engines()
    monkeypatch.setitem(sys.modules, "paddle", None)
    assert "paddle" not in installed_engines()
