# SPDX-License-Identifier: Apache-2.0
"""Those marked need the packages that ONNX export needs: `make onnx`."""

import shutil
import sys
import types
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.commands import export_onnx
from image_classification.CFC_SP.exporting import onnx_export
from image_classification.CFC_SP.exporting.onnx_export import check_model, convert, write_onnx
from image_classification.CFC_SP.inference.agreement import TOLERANCE, example_crops, relative_difference
from image_classification.CFC_SP.inference.bundle import MANIFEST, open_bundle
from image_classification.CFC_SP.inference.engines import NETWORK_PROGRAMS, network_program
from image_classification.CFC_SP.inference.onnx_files import OnnxFile, open_onnx
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.precision import bfloat16_change, cpu_has_bfloat16
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from tools.weights.random_bundle import random_bundle

FULL = ("swin_s_coarse", "iresnet152_coarse", "hrnet_coarse", "repvgg_negative")


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_missing_package_is_said_and_nothing_is_written(lite_copy, monkeypatch, capsys):
    real, before = metadata.version, names_in(lite_copy)

    def version(package):
        if package == "onnxruntime":
            raise metadata.PackageNotFoundError(package)
        return "1.0" if package in onnx_export.PACKAGES else real(package)

    monkeypatch.setattr(metadata, "version", version)
    assert run_script(export_onnx, ["-bundle", str(lite_copy)]) == 2
    assert "needs the package onnxruntime: pip install" in capsys.readouterr().err
    assert names_in(lite_copy) == before


@pytest.mark.parametrize("outcome", ["empty", "logged"])
def test_a_conversion_that_fails_quietly_is_noticed(lite, outcome, monkeypatch):
    """paddle2onnx returns nothing, or logs its error and then stumbles over the result that it does not have."""

    def export(*arguments, **keywords):
        if outcome == "logged":
            raise UnboundLocalError("cannot access local variable 'onnx_model_str'")
        return b""

    monkeypatch.setitem(sys.modules, "paddle2onnx", types.SimpleNamespace(export=export))
    with pytest.raises(UserError, match="paddle2onnx cannot convert the program coarse"):
        convert(open_bundle(lite), "coarse")


def test_the_pins_are_those_that_the_export_asks_for():
    root = Path(__file__).parents[2]
    text = (root / "constraints.txt").read_text() + (root / "Makefile").read_text()
    assert {f"{package}==" in text for package in onnx_export.PACKAGES} == {True}


@pytest.fixture(scope="module")
def with_onnx(lite, tmp_path_factory):
    folder = shutil.copytree(lite, tmp_path_factory.mktemp("onnx") / "lite")
    assert [path.name for path in write_onnx(folder)] == ["frame.onnx", MANIFEST]
    return folder


@pytest.mark.onnx
def test_the_bundle_is_sealed_with_them_and_is_otherwise_what_it_was(with_onnx, lite):
    found, before = open_bundle(with_onnx).manifest, open_bundle(lite).manifest
    assert {key: value for key, value in found.items() if key not in ("onnx", "files")} == {
        key: value for key, value in before.items() if key not in ("onnx", "files")
    }
    assert {name for name, digest in before["files"].items() if found["files"][name] != digest} <= {"frame.onnx"}
    assert found["onnx"]["frame"]["precision"] in ("float32", "bfloat16") and found["onnx"]["openvino"] == metadata.version("openvino")
    # What ships was made by this very command.
    assert (with_onnx / "frame.onnx").read_bytes() == (lite / "frame.onnx").read_bytes()
    assert names_in(with_onnx) == names_in(lite)


@pytest.mark.onnx
@pytest.mark.parametrize("name", NETWORK_PROGRAMS)
def test_openvino_gives_paddles_outputs_for_any_batch(with_onnx, name):
    bundle = open_bundle(with_onnx)
    program, plain = network_program(bundle, name, engine="openvino", precision="float32"), PaddleProgram(bundle, name, onednn=False)
    assert program.engine == "openvino"
    first = program(example_crops(48, 2))
    kept = first[0].copy()
    for count in (1, 5, 32):
        crops = np.random.default_rng(count).integers(0, 256, (count, 48, 48, 3), dtype=np.uint8)
        assert relative_difference(program(crops), plain(crops)) <= TOLERANCE
    np.testing.assert_array_equal(first[0], kept)


@pytest.mark.onnx
def test_a_model_that_computes_something_else_is_not_written(lite_copy, monkeypatch, capsys):
    before = names_in(lite_copy)
    # As if Paddle's own outputs were other ones.
    monkeypatch.setattr(
        onnx_export, "PaddleProgram", lambda *_, **__: lambda crops: (np.ones((1, len(crops), 5)), np.ones((1, len(crops), 4)))
    )
    assert run_script(export_onnx, ["-bundle", str(lite_copy)]) == 2
    assert "no ONNX file written: frame on onnxruntime differs by" in capsys.readouterr().err
    assert names_in(lite_copy) == before


@pytest.mark.onnx
@pytest.mark.parametrize("name", FULL)
def test_every_full_size_network_converts(name, tmp_path):
    bundle = random_bundle(f"configs/{name}.yaml", tmp_path)
    model = OnnxFile(name, tmp_path / f"{name}.onnx", "float32", bundle.manifest["crop"]["size"])
    model.path.write_bytes(convert(bundle, name))
    differences = check_model(bundle, model)
    print(f"{name}: {model.path.stat().st_size / 1e6:.0f} MB, relative differences {differences}")
    if cpu_has_bfloat16():
        print(f"{name}: bfloat16 on Paddle changes probabilities by", end=" ")
        print(bfloat16_change(lambda bfloat16: PaddleProgram(bundle, name, bfloat16=bfloat16), model.size))
    assert set(differences) == {"onnxruntime", "openvino"} and all(value <= TOLERANCE for value in differences.values())


@pytest.mark.onnx
def test_export_model_writes_them_too(tmp_path, monkeypatch, lite):
    """The export itself has tests of its own; here a copy of the shipped bundle stands for what it wrote."""
    monkeypatch.setattr("image_classification.CFC_SP.exporting.export_bundle", lambda *_: Path(shutil.copytree(lite, tmp_path / "b")))
    assert run_script(export_model, ["-coarse", "a", "-negative", "b", "-out", str(tmp_path / "b"), "-onnx"]) == 0
    assert open_onnx(open_bundle(tmp_path / "b"), "frame").path.is_file()
