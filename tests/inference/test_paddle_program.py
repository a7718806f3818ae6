# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.reference import cascade_reference
from image_classification.CFC_SP.inference.bundle import PROGRAMS, open_bundle, parameter_names
from image_classification.CFC_SP.inference.mode import mode_of
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram, plainer_engine, write_parameters
from image_classification.CFC_SP.support.errors import UserError
from tests.bundles import settings_of


@pytest.fixture(scope="module")
def bundle(lite):
    return open_bundle(lite)


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(1).integers(0, 256, (12, 48, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "onednn"])
def programs(bundle, request):
    """All programs of the bundle by name, without oneDNN and with it."""
    return {name: PaddleProgram(bundle, name, onednn=request.param) for name in PROGRAMS}


def test_the_frame_program_is_both_networks(programs, crops):
    for name, logits in zip(("coarse", "negative"), programs["frame"](crops), strict=True):
        np.testing.assert_array_equal(programs[name](crops)[0], logits)


@pytest.mark.parametrize(("smoothing", "prior"), [("logits", "data"), ("probabilities", 0.5), (None, None)])
def test_the_clip_program_is_the_others_composed(bundle, programs, crops, smoothing, prior):
    mode = mode_of(bundle, smoothing, prior)
    valid, window = np.arange(len(crops)) % 5 != 2, np.array([6])
    coarse, negative = programs["frame"](crops)
    composed = programs["sequence"](coarse, negative, valid, window, *mode.inputs)
    whole = programs["clip"](crops, valid, window, *mode.inputs)
    for position in range(3):
        np.testing.assert_array_equal(whole[position], composed[position])
    for position in (3, 4):
        np.testing.assert_allclose(whole[position], composed[position], atol=1e-4)
    by_loop = cascade_reference(coarse, negative, valid, window, *settings_of(bundle.manifest), kind=mode.kind, tau=mode.tau)
    np.testing.assert_array_equal(composed[0], by_loop[0])
    for position in (3, 4):
        np.testing.assert_allclose(composed[position], by_loop[position], atol=1e-4)


def test_frames_do_not_depend_on_their_batch(bundle, crops):
    program = PaddleProgram(bundle, "frame")
    alone = [program(crops[i : i + 1]) for i in range(4)]
    for together, *each in zip(program(crops), *alone, strict=True):
        np.testing.assert_allclose(together[:, :4], np.concatenate(each, axis=1), atol=1e-3, rtol=1e-4)


def test_parameters_are_written_as_paddle_writes_them(tmp_path):
    layer = paddle.nn.Sequential(paddle.nn.Conv2D(3, 200, 3), paddle.nn.Flatten(), paddle.nn.Linear(200, 2))
    paddle.jit.save(layer, str(tmp_path / "net"), input_spec=[paddle.static.InputSpec([None, 3, 3, 3], "float32")])
    names = parameter_names((tmp_path / "net.json").read_bytes())
    by_name = {parameter.name: parameter.numpy() for parameter in layer.parameters()}
    write_parameters(tmp_path / "ours", [by_name[name] for name in names])
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "net.pdiparams").read_bytes()


def test_onednn_that_gives_up_is_left_once_and_said(bundle, crops, monkeypatch):
    program = PaddleProgram(bundle, "coarse")
    assert program.engine == "onednn"
    expected, real, calls = program(crops)[0], program._run, []

    def fail_once(arrays):
        calls.append(program.engine)
        if len(calls) == 1:
            raise RuntimeError("could not execute a primitive")
        return real(arrays)

    monkeypatch.setattr(program, "_run", fail_once)
    np.testing.assert_allclose(program(crops)[0], expected, rtol=1e-3, atol=1e-3)
    assert calls == ["onednn", "cpu"] and program.engine == "cpu"


def test_other_faults_are_not_hidden(bundle, monkeypatch):
    program = PaddleProgram(bundle, "coarse")

    def fail(arrays):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(program, "_run", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        program(None)


@pytest.mark.parametrize(
    ("engine", "error", "plainer"),
    [
        ("onednn bfloat16", "could not execute a primitive", "cpu"),
        ("onednn", "CUDNN_STATUS_NOT_SUPPORTED", None),
        ("gpu", "(External) CUDNN error(9), CUDNN_STATUS_NOT_SUPPORTED.", "gpu unfused"),
        ("gpu", "could not execute a primitive", None),
        ("gpu unfused", "(External) CUDNN error(9), CUDNN_STATUS_NOT_SUPPORTED.", None),
    ],
)
def test_what_is_left_out_is_what_failed(engine, error, plainer):
    """Paddle raises OSError for what cuDNN says."""
    assert plainer_engine(engine, error) == plainer


def test_a_gpu_without_memory_says_what_helps_and_a_cpu_is_not_meant(bundle, monkeypatch):
    program = PaddleProgram(bundle, "coarse")

    def fail(arrays):
        raise MemoryError("(ResourceExhausted) Out of memory error on GPU 0.")

    monkeypatch.setattr(program, "_run", fail)
    with pytest.raises(MemoryError):
        program(None)
    program.engine = "gpu"
    with pytest.raises(UserError, match="the GPU's memory does not hold a run of coarse: .* smaller -batch, or use -device cpu"):
        program(None)
