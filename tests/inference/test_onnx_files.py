import pytest
import yaml

from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.onnx_files import LISTING, open_onnx
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of

MODEL = b"the bytes of a model"


@pytest.fixture
def listed(lite_copy):
    """A bundle with an ONNX file of `coarse`, and how to change its listing."""
    (lite_copy / "coarse.onnx").write_bytes(MODEL)
    listing = {"schema": 1, "bundle": open_bundle(lite_copy).sha256}
    listing["programs"] = {"coarse": {"sha256": sha256_of(lite_copy / "coarse.onnx"), "precision": "bfloat16"}}

    def write(**changes):
        (lite_copy / LISTING).write_text(yaml.safe_dump(listing | changes))

    write()
    return open_bundle(lite_copy), write


def test_a_whole_file_is_read_with_its_precision(listed):
    assert open_onnx(listed[0], "coarse") == (MODEL, "bfloat16")


def test_a_bundle_without_files_is_said(lite):
    with pytest.raises(UserError, match="has no ONNX files: make them with"):
        open_onnx(open_bundle(lite), "coarse")


def test_a_program_that_is_not_listed_is_refused(listed):
    with pytest.raises(UserError, match="does not list the program negative"):
        open_onnx(listed[0], "negative")


@pytest.mark.parametrize("damage", ["changed", "gone", "linked"])
def test_a_damaged_file_is_refused_by_name(listed, damage):
    path = listed[0].folder / "coarse.onnx"
    path.unlink()
    if damage == "changed":
        path.write_bytes(MODEL[:-1] + b"L")
    elif damage == "linked":
        (path.parent.parent / "elsewhere").write_bytes(MODEL)
        path.symlink_to(path.parent.parent / "elsewhere")
    with pytest.raises(UserError, match=r"ONNX file refused: .*coarse\.onnx.* make it again"):
        open_onnx(listed[0], "coarse")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bundle": "0" * 64}, "made from another bundle"),
        ({"schema": 2}, "not of schema 1"),
        ({"programs": ["coarse"]}, "not of schema 1"),
        ({"programs": {"coarse": "x"}}, "does not list"),
        ({"programs": {"coarse": {"sha256": 7}}}, "does not list"),
        ({"note": "x" * 70000}, "has a few hundred"),
    ],
)
def test_a_listing_that_is_wrong_is_refused(listed, changes, reason):
    listed[1](**changes)
    with pytest.raises(UserError, match=reason):
        open_onnx(listed[0], "coarse")


@pytest.mark.parametrize("content", [b"[", b"\xff\xfe", b"!!python/object/apply:os.getcwd []"])
def test_a_listing_that_is_not_yaml_is_refused(listed, content):
    (listed[0].folder / LISTING).write_bytes(content)
    with pytest.raises(UserError, match="it is not YAML"):
        open_onnx(listed[0], "coarse")
