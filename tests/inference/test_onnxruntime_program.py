# SPDX-License-Identifier: Apache-2.0
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from image_classification.CFC_SP.inference import onnxruntime_program
from image_classification.CFC_SP.inference.agreement import TOLERANCE, example_crops, relative_difference
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.onnx_files import OnnxFile, open_onnx
from image_classification.CFC_SP.inference.onnxruntime_program import PROVIDERS, OnnxRuntimeProgram
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.errors import UserError

onnxruntime = pytest.importorskip("onnxruntime")


class Session:
    """A session on the first provider that works here; `run` may fail."""

    works, fails = {"CPUExecutionProvider"}, None

    def __init__(self, path, options, providers, enable_fallback):
        assert enable_fallback == 0
        self._providers = [name for name in providers if name in self.works]

    def get_providers(self):
        return self._providers

    def get_inputs(self):
        return [SimpleNamespace(name="crops")]

    def disable_fallback(self):
        self.never_elsewhere = True

    def run(self, names, feed):
        assert self.never_elsewhere
        if self.fails:
            raise self.fails
        return [feed["crops"]]


@pytest.fixture
def machine(monkeypatch):
    """An ONNX Runtime that was built for some providers, of which some work."""

    def make(built, works, fails=None):
        monkeypatch.setattr(Session, "works", {PROVIDERS[name] for name in works})
        monkeypatch.setattr(Session, "fails", fails)
        monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [PROVIDERS[name] for name in built])
        return OnnxFile("frame", "frame.onnx", "float32", 48)

    return make


def test_it_computes_what_paddle_does_for_any_batch(lite):
    bundle = open_bundle(lite.parent / "lite-fast")
    program, plain = OnnxRuntimeProgram(open_onnx(bundle, "frame")), PaddleProgram(bundle, "frame", onednn=False)
    assert (program.engine, program.device, program.fell_back) == ("onnxruntime", "cpu", False)
    for count in (1, 5):
        assert relative_difference(program(example_crops(48, count)), plain(example_crops(48, count))) <= TOLERANCE


@pytest.mark.parametrize("device", ["gpu", "tensorrt", "coreml", "directml"])
def test_what_really_runs_is_named(machine, device):
    model = machine(("cpu", "gpu", "tensorrt", "coreml", "directml"), (device, "cpu"))
    program = OnnxRuntimeProgram(model, device)
    assert program.device == device and program.engine == f"onnxruntime {PROVIDERS[device].removesuffix('ExecutionProvider')}"
    np.testing.assert_array_equal(program(np.arange(3))[0], np.arange(3))


@pytest.mark.parametrize(
    ("built", "works", "expected"),
    [(("cpu",), ("cpu",), "cpu"), (("cpu", "gpu"), ("cpu",), "cpu"), (("cpu", "gpu"), ("gpu", "cpu"), "gpu")],
)
def test_auto_is_the_gpu_where_there_is_one(machine, built, works, expected):
    assert OnnxRuntimeProgram(machine(built, works), "auto").device == expected


def test_a_provider_that_is_absent_is_refused_in_words(machine):
    with pytest.raises(UserError, match="-device coreml needs onnxruntime for macOS, found an ONNX Runtime for cpu, gpu"):
        OnnxRuntimeProgram(machine(("cpu", "gpu"), ("cpu",)), "coreml")


def test_a_provider_that_cannot_be_used_is_not_replaced(machine):
    with pytest.raises(UserError, match="-device gpu: ONNX Runtime has CUDAExecutionProvider but cannot use it here"):
        OnnxRuntimeProgram(machine(("cpu", "gpu"), ("cpu",)), "gpu")


@pytest.mark.parametrize("fault", ["EPFail", "RuntimeException", "Fail"])
def test_a_provider_that_fails_while_it_runs_is_said_and_ends_it(machine, fault):
    error = getattr(onnxruntime.capi.onnxruntime_pybind11_state, fault)("out of memory\nat line 7")
    program = OnnxRuntimeProgram(machine(("cpu", "gpu"), ("gpu", "cpu"), error), "gpu")
    with pytest.raises(UserError, match=r"failed on the device gpu \(out of memory\), and nothing was computed elsewhere"):
        program(np.zeros(3))


def test_a_model_that_it_cannot_read_is_named(tmp_path):
    (tmp_path / "frame.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"frame\.onnx: ONNX Runtime cannot load it on the device cpu"):
        OnnxRuntimeProgram(OnnxFile("frame", tmp_path / "frame.onnx", "float32", 48))


def test_onnxruntime_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"-engine onnxruntime needs the package onnxruntime, .*cfc-sp\[onnx\]"):
        onnxruntime_program.OnnxRuntimeProgram(OnnxFile("frame", "frame.onnx", "float32", 48))
