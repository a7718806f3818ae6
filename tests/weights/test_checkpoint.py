# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest
from safetensors.numpy import load_file, save_file

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, load_pretrained, save_checkpoint
from image_classification.CFC_SP.weights.trained import trained_config
from image_classification.RepVGG.repvgg import RepVGG


def build(num_classes=5, width=8, seed=0):
    paddle.seed(seed)
    return RepVGG(widths=(4, 6, width), blocks=(1, 2), num_classes=num_classes)


def arrays_of(model):
    return {name: value.numpy() for name, value in model.state_dict().items()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def test_round_trip(path):
    rng = np.random.default_rng(0)
    arrays = {
        "a.weight": rng.normal(0, 1, (3, 4)).astype("float32"),
        "turned": rng.normal(0, 1, (3, 4)).astype("float32").T,
        "whole": np.arange(5),
        "scalar": np.array(2.5, np.float32),
    }
    save_checkpoint(path, arrays, {"step": 7, "deep": {"text": "naïve\n", "rows": [1.5, None]}})
    found, note = load_checkpoint(path)
    assert note == {"step": 7, "deep": {"text": "naïve\n", "rows": [1.5, None]}}
    assert list(found) == sorted(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    # Any other reader of the format sees the same.
    np.testing.assert_array_equal(load_file(path)["turned"], arrays["turned"])


def test_nothing_is_left_after_a_failed_write(path):
    save_checkpoint(path, {"a": np.zeros(2)}, {})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_checkpoint(path, {"a": np.ones(2)}, {"no JSON": object()})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_foreign_file_has_an_empty_note(path):
    save_file({"a": np.ones(3)}, path)
    arrays, note = load_checkpoint(path)
    assert (list(arrays), note) == (["a"], {})


def test_missing_and_damaged_files_are_named(path):
    with pytest.raises(UserError, match="no checkpoint at .*weights.safetensors"):
        load_checkpoint(path)
    save_checkpoint(path, arrays_of(build()), {"step": 1})
    whole = path.read_bytes()
    for damaged in (b"", b"text, not tensors", whole[:-1], whole[: len(whole) // 2], whole + b"x", b"\xff" * 8 + whole[8:]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="weights.safetensors: expected a whole .safetensors file"):
            load_checkpoint(path)
    save_file({"a": np.ones(3)}, path, {"note": "{no json"})
    with pytest.raises(UserError, match="damaged or foreign"):
        load_checkpoint(path)


def test_load_pretrained_uses_every_tensor(path):
    theirs, ours = build(seed=1), build(seed=2)
    save_checkpoint(path, arrays_of(theirs), {})
    report = load_pretrained(ours, path)
    assert set(report.used) == set(ours.state_dict())
    assert (report.renamed, report.left_out, report.missing) == ({}, {}, ())
    for name, value in arrays_of(theirs).items():
        np.testing.assert_array_equal(arrays_of(ours)[name], value)


def test_classifier_for_other_classes_is_left_out(path):
    theirs, ours = build(num_classes=5, seed=1), build(num_classes=4, seed=2)
    before = arrays_of(ours)["head.weight"].copy()
    save_checkpoint(path, arrays_of(theirs) | {"arc_face.kernel": np.ones(3, np.float32)}, {})
    report = load_pretrained(ours, path)
    assert report.left_out == {
        "head.weight": "classifier for other classes",
        "head.bias": "classifier for other classes",
        "arc_face.kernel": "no such tensor here",
    }
    assert report.missing == ()
    assert set(report.used) == set(ours.state_dict()) - {"head.weight", "head.bias"}
    np.testing.assert_array_equal(arrays_of(ours)["head.weight"], before)
    np.testing.assert_array_equal(arrays_of(ours)["stem.conv_kxk.conv.weight"], arrays_of(theirs)["stem.conv_kxk.conv.weight"])


def test_missing_classifier_is_reported(path):
    model = build()
    save_checkpoint(path, {name: value for name, value in arrays_of(model).items() if not name.startswith("head.")}, {})
    assert load_pretrained(model, path).missing == ("head.weight", "head.bias")


def test_checkpoint_of_another_network_names_what_differs(path):
    ours = build(seed=2)
    before = arrays_of(ours)["stem.conv_kxk.conv.weight"].copy()
    save_checkpoint(path, arrays_of(build(width=10)), {})
    with pytest.raises(UserError) as error:
        load_pretrained(ours, path)
    message = str(error.value)
    assert "weights.safetensors: not a checkpoint of this RepVGG" in message
    assert "stages.1.0.conv_kxk.conv.weight [10, 6, 3, 3] (expected [8, 6, 3, 3])" in message
    assert message.count("(expected [") == 5
    np.testing.assert_array_equal(arrays_of(ours)["stem.conv_kxk.conv.weight"], before)

    arrays = arrays_of(ours)
    del arrays["stem.conv_kxk.bn._mean"]
    save_checkpoint(path, arrays, {})
    with pytest.raises(UserError, match=r"1 tensors differ, such as stem.conv_kxk.bn._mean absent \(expected \[4\]\)"):
        load_pretrained(ours, path)


@pytest.mark.parametrize("note", ["[1, 2]", '"text"', "7", "[" * 100_000, "9" * 5000, "{"])
def test_a_note_of_another_shape_is_refused(path, note):
    save_file({"a": np.ones(3, np.float32)}, path, {"note": note})
    with pytest.raises(UserError, match="expected a whole .safetensors file"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "change", [{"config": 7}, {"git_sha": None}, {"git_sha": ["a"]}, {"validation": [1]}, {"origin": {}}, {"averaged": 1}]
)
def test_a_note_with_malformed_parts_is_refused(write_trained, change):
    path = write_trained("mine", 0)
    arrays, note = load_checkpoint(path)
    assert trained_config(path, "coarse")[1] == note
    save_checkpoint(path, arrays, note | change)
    with pytest.raises(UserError, match=f"a note whose {next(iter(change))} is malformed"):
        trained_config(path, "coarse")
