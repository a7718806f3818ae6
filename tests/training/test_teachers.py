# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from image_classification.CFC_SP.training.teachers import Teachers
from image_classification.CFC_SP.training.trainer import train
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, save_checkpoint
from image_classification.CFC_SP.weights.trained import load_trained
from tests.training_fixtures import EAGER


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 256, (16, 16, 16, 3), dtype=np.uint8), rng.dirichlet(np.ones(5), 16).astype("float32")) for _ in range(6)]


@pytest.mark.parametrize(("share", "temperature"), [(0.3, 2.0), (1.0, 1.0)])
def test_targets_against_a_loop(write_trained, small_config, batches, share, temperature):
    paths = [write_trained("one", 1), write_trained("two", 2)]
    changes = {"TRAIN.TEACHERS": [str(path) for path in paths], "TRAIN.TEACHER_SHARE": share, "TRAIN.TEACHER_TEMPERATURE": temperature}
    found = list(Teachers(small_config(changes), "cpu").teach(iter(batches)))
    networks = [load_trained(path, "coarse").model for path in paths]
    for network in networks:
        network.eval()
    assert len(found) == len(batches)
    for (crops, targets), (crops_before, votes) in zip(found, batches, strict=True):
        np.testing.assert_array_equal(crops, crops_before)
        assert targets.dtype == np.float32
        expected = votes * (1 - share)
        for network in networks:
            powers = np.exp(network(paddle.to_tensor(crops)).numpy().astype(float) / temperature)
            expected += share * powers / powers.sum(1, keepdims=True) / 2
        np.testing.assert_allclose(targets, expected, atol=1e-4)
        assert np.abs(targets - votes).max() > 0.1


def test_no_teacher_leaves_the_batches_alone(small_config, batches):
    teachers = Teachers(small_config(), "cpu")
    assert teachers.origin == []
    assert [a is b for a, b in zip(teachers.teach(batches), batches, strict=True)] == [True] * 6


def test_mistakes_are_named(write_trained, small_config, tmp_path):
    other_stage = write_trained("fine", 1, {"STAGE": "negative"})
    other_size = write_trained("large", 1, {"DATA.CROP_SIZE": 32})
    save_checkpoint(tmp_path / "bare.safetensors", {"a": np.zeros(1)}, {})
    for path, message in (
        (other_stage, "fine.*expected a checkpoint of the coarse stage, found one of the negative stage"),
        (other_size, "large.*expected a network for crops of 16 px, found 32 px"),
        (tmp_path / "bare.safetensors", "bare.*expected a best.safetensors"),
        (tmp_path / "none.safetensors", "no checkpoint at .*none"),
    ):
        with pytest.raises(UserError, match=message):
            Teachers(small_config({"TRAIN.TEACHERS": [str(path)]}), "cpu")


class Stopped(Exception):
    pass


@pytest.mark.usefixtures("quick_epochs")
def test_a_taught_run_resumes_to_the_same_weights_and_names_its_teachers(
    write_trained, small_config, ferplus, tmp_path, monkeypatch, capsys
):
    paths = [str(write_trained("one", 1)), str(write_trained("two", 2))]

    def config(name, teachers=paths):
        changes = {"NAME": name, "DATA.ROOT": ferplus, "OUTPUT": tmp_path / "out", "TRAIN.EPOCHS": 1, "TRAIN.SAVE_EVERY": 2}
        return small_config(changes | EAGER | {"TRAIN.TEACHERS": teachers})

    def stopping(self, weights, update=train.__globals__["Ema"].update):
        update(self, weights)
        if self.steps == 5:
            raise Stopped

    expected = train(config("whole"), "cpu")
    origin = [
        {"name": name, "sha256": sha256_of(path), "validation": {"val_macro_f1": 0.5}}
        for name, path in zip(("one", "two"), paths, strict=True)
    ]
    assert f"teacher two: validation macro-F1 0.500, sha256 {origin[1]['sha256'][:12]}" in capsys.readouterr().out
    assert load_checkpoint(expected / "best.safetensors")[1]["teachers"] == origin
    plain = train(config("plain", []), "cpu")
    with monkeypatch.context() as patched:
        patched.setattr(train.__globals__["Ema"], "update", stopping)
        with pytest.raises(Stopped):
            train(config("stopped"), "cpu")
    with pytest.raises(UserError, match="trained with other teachers: expected in TRAIN.TEACHERS one [0-9a-f]{12}, two"):
        train(config("stopped", paths[:1]), "cpu", resume=True)
    ours, theirs, untaught = (load_checkpoint(r / "last.safetensors")[0] for r in (train(config("stopped"), "cpu", True), expected, plain))
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)
    assert (untaught["backbone.head.weight"] != theirs["backbone.head.weight"]).any()
