# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.inference import engines
from image_classification.CFC_SP.inference.agreement import TOLERANCE, example_crops, relative_difference
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.engine_choice import ENGINES, PRECISIONS
from image_classification.CFC_SP.inference.engines import network_program
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from tests import clips
from tests.bundles import edit_manifest


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


def test_bfloat16_of_a_gpu_is_refused_and_not_ignored(lite, monkeypatch):
    monkeypatch.setattr(engines, "select_device", lambda wanted: wanted)
    with pytest.raises(UserError, match="-precision bfloat16 is for CPUs: a GPU computes a bundle in float32"):
        network_program(open_bundle(lite), "coarse", "gpu", "paddle", "bfloat16")


def test_openvino_and_a_gpu_do_not_go_together(lite):
    with pytest.raises(UserError, match="-engine openvino runs on cpu"):
        network_program(open_bundle(lite), "coarse", "gpu", "openvino")


def test_onnxruntime_and_bfloat16_do_not_go_together(lite):
    with pytest.raises(UserError, match="-precision bfloat16: -engine onnxruntime computes in float32"):
        network_program(open_bundle(lite), "frame", engine="onnxruntime", precision="bfloat16")


@pytest.mark.parametrize("engine", ["onnxruntime", pytest.param("openvino", marks=pytest.mark.onnx)])
def test_other_engines_compute_what_paddle_does(lite, engine):
    pytest.importorskip(engine)
    bundle, crops = open_bundle(lite), example_crops(48, 3)
    program = network_program(bundle, "frame", engine=engine, precision="float32")
    assert (program.engine, program.device) == (engine, "cpu")
    first = program(crops)
    kept = first[0].copy()
    assert relative_difference(first, PaddleProgram(bundle, "frame", onednn=False)(crops)) <= TOLERANCE
    program(crops[:1])
    np.testing.assert_array_equal(first[0], kept)


def test_a_bundle_without_onnx_files_is_told_how_to_get_them(lite_copy, tmp_path, capsys):
    edit_manifest(lite_copy, lambda manifest: manifest["files"].pop("frame.onnx", None))
    (tmp_path / "clip.mp4").write_bytes(b"")
    words = ["-video", str(tmp_path / "clip.mp4"), "-bundle", str(lite_copy), "-engine", "onnxruntime", "-out", str(tmp_path / "out")]
    assert run_script(predict, words) == 2
    assert "has no frame.onnx: make it with `cfc-sp onnx -bundle" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "choices"), [("engine", ENGINES), ("precision", PRECISIONS)])
def test_a_choice_that_predict_does_not_have_is_answered_with_those_it_has(option, choices, capsys, tmp_path):
    assert run_script(predict, ["-video", str(clips.real_clip("carphone_pristine.mp4")), "-out", str(tmp_path), f"-{option}", "fast"]) == 2
    assert f"-{option}: expected one of {', '.join(choices)}, found 'fast'" in capsys.readouterr().err
