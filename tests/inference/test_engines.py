import sys

import numpy as np
import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.engines import ENGINES, network_program
from image_classification.CFC_SP.inference.openvino_program import import_openvino
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.precision import PRECISIONS
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from tests import clips


def test_float32_on_paddle_is_the_program_itself(lite):
    bundle = open_bundle(lite)
    program = network_program(bundle, "negative", precision="float32")
    crops = example_crops(48, 3)
    assert program.engine == "onednn"
    np.testing.assert_array_equal(program(crops)[0], PaddleProgram(bundle, "negative")(crops)[0])


@pytest.mark.parametrize(("option", "choices"), [("engine", ENGINES), ("precision", PRECISIONS)])
def test_an_unknown_choice_lists_the_known_ones(lite, option, choices):
    with pytest.raises(UserError, match=f"-{option}: expected one of {', '.join(choices)}, found 'fast'"):
        network_program(open_bundle(lite), "coarse", **{option: "fast"})


def test_bfloat16_of_a_gpu_is_refused_and_not_ignored(lite):
    with pytest.raises(UserError, match="-precision bfloat16 is for CPUs: a GPU computes a bundle in float32"):
        network_program(open_bundle(lite), "coarse", "gpu", precision="bfloat16")


def test_openvino_and_a_gpu_do_not_go_together(lite):
    with pytest.raises(UserError, match="add -device cpu"):
        network_program(open_bundle(lite), "coarse", "gpu", "openvino")


def test_openvino_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UserError, match=r"not installed: pip install --no-deps openvino"):
        import_openvino()


def test_a_bundle_without_onnx_files_is_told_how_to_get_them(lite_copy, tmp_path, capsys):
    (tmp_path / "clip.mp4").write_bytes(b"")
    words = ["-video", str(tmp_path / "clip.mp4"), "-bundle", str(lite_copy), "-engine", "openvino", "-out", str(tmp_path / "out")]
    assert run_script(predict, words) == 2
    assert "make them with cfc-sp onnx -bundle" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "choices"), [("engine", ENGINES), ("precision", PRECISIONS)])
def test_a_choice_that_predict_does_not_have_is_answered_with_those_it_has(option, choices, capsys, tmp_path):
    assert run_script(predict, ["-video", str(clips.real_clip("carphone_pristine.mp4")), "-out", str(tmp_path), f"-{option}", "fast"]) == 2
    assert f"-{option}: expected one of {', '.join(choices)}, found 'fast'" in capsys.readouterr().err
