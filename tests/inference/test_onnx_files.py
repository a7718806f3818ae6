# SPDX-License-Identifier: Apache-2.0
import pytest
from onnx import TensorProto, helper

from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.onnx_files import OnnxFile, has_onnx, open_onnx
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from tests.bundles import edit_manifest


def doubling() -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    return helper.make_model(
        helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", *([v] for v in values))
    ).SerializeToString()


@pytest.fixture
def seal(lite_copy):
    """Gives the bundle an ONNX form of `coarse` and enters it into the manifest."""

    def seal(content=None, **known):
        path = lite_copy / "coarse.onnx"
        path.write_bytes(doubling() if content is None else content)
        edit_manifest(lite_copy, lambda manifest: manifest["files"].update({"coarse.onnx": sha256_of(path)}) or manifest.update(known))
        return path

    return seal


def test_a_whole_file_is_given_with_its_precision(seal, lite_copy):
    path = seal(onnx={"coarse": {"precision": "bfloat16"}})
    assert open_onnx(open_bundle(lite_copy), "coarse") == OnnxFile("coarse", path, "bfloat16", 48)


@pytest.mark.parametrize("known", [{}, {"onnx": None}, {"onnx": {"coarse": 7}}, {"onnx": {"coarse": {"precision": ["bfloat16"]}}}])
def test_what_the_manifest_does_not_say_is_float32(seal, lite_copy, known):
    seal(**known)
    assert open_onnx(open_bundle(lite_copy), "coarse").precision == "float32"


def test_a_bundle_without_the_file_is_told_how_to_get_it(lite):
    bundle = open_bundle(lite)
    assert not has_onnx(bundle, "coarse")
    with pytest.raises(UserError, match=r"has no coarse\.onnx: make it with `cfc-sp onnx -bundle"):
        open_onnx(bundle, "coarse")


@pytest.mark.parametrize("damage", ["changed", "gone", "linked", "another bundle's"])
def test_a_damaged_file_is_refused_by_name(seal, lite_copy, damage, lite):
    path = seal()
    whole = path.read_bytes()
    path.unlink()
    if damage == "changed":
        path.write_bytes(whole[:-1] + b"L")
    elif damage == "linked":
        (lite_copy.parent / "elsewhere").write_bytes(whole)
        path.symlink_to(lite_copy.parent / "elsewhere")
    elif damage == "another bundle's":
        path.write_bytes((lite.parent / "lite-fast" / "frame.onnx").read_bytes())
    with pytest.raises(UserError, match=r"bundle refused: .*coarse\.onnx"):
        open_bundle(lite_copy)


def test_a_model_of_another_bundle_that_was_sealed_in_is_refused(seal, lite_copy, lite):
    path = seal((lite.parent / "lite-fast" / "frame.onnx").read_bytes())
    with pytest.raises(UserError, match=rf"{path}: it takes numbers from the file flat_repvgg_lite\.safetensors"):
        open_onnx(open_bundle(lite_copy), "coarse")


def test_the_shipped_bundles_hold_theirs(lite):
    for name in ("lite", "lite-fast"):
        bundle = open_bundle(lite.parent / name)
        model = open_onnx(bundle, "frame")
        assert model.path.stat().st_size < 200_000 and model.size == bundle.manifest["crop"]["size"]
        assert max(bundle.manifest["onnx"]["frame"]["difference"].values()) <= 1e-4
