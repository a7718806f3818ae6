import numpy as np
import paddle
import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.core.cascade import Temperature
from image_classification.CFC_SP.core.labels import EXPR, NEGATIVE
from image_classification.CFC_SP.exporting import export_bundle, parity
from image_classification.CFC_SP.exporting.contents import batch_of
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_pretrained
from image_classification.CFC_SP.weights.model import build_model

ONE_EACH = {"coarse": [Temperature()], "negative": [Temperature()]}


def export(*words):
    return run_script(export_model, list(map(str, words)))


@pytest.fixture(scope="module")
def exported(runs, tmp_path_factory):
    """A bundle of two ensembles that share a flat network, from a config that names their runs."""
    folder, config = tmp_path_factory.mktemp("bundles") / "shared", tmp_path_factory.mktemp("configs") / "cascade.yaml"
    config.write_text("SP: {WINDOW: 64}\nCASCADE: {COARSE: [coarse, flat], NEGATIVE: [negative, flat], NEGATIVE_SCOPE: all}\n")
    assert export("-cfg", config, "-runs", runs, "-out", folder, "-licence", "CC0-1.0") == 0
    return folder


def test_the_bundle_says_what_it_holds(exported):
    bundle = open_bundle(exported)
    assert bundle.manifest["name"] == "shared" and bundle.manifest["paddle"] == paddle.__version__
    assert bundle.manifest["sp"]["window"] == 64 and bundle.manifest["cascade"]["negative_scope"] == "all"
    assert bundle.manifest["batch"] == 32 and not bundle.is_random
    networks = bundle.manifest["networks"]
    roles = [("coarse", "coarse"), ("coarse", "flat"), ("negative", "negative"), ("negative", "flat")]
    assert [(network["stage"], network["trained_as"]) for network in networks] == roles
    assert {(network["temperature"], network["temperature_smoothed"]) for network in networks} == {(1.0, 1.0)}
    assert [len(network["classes"]) for network in networks] == [5, 5, 4, 4]
    assert {network["licence"] for network in networks} == {"CC0-1.0"}
    assert {network["origin"] for network in networks} == {"trained"}
    assert [path for path in exported.parent.iterdir()] == [exported]


@pytest.mark.parametrize(("input_size", "batch"), [(48, 32), (64, 32), (65, 16), (112, 16), (113, 8), (224, 8)])
def test_larger_inputs_run_in_smaller_batches(input_size, batch):
    assert batch_of(input_size) == batch


def test_a_checkpoint_of_both_stages_is_stored_once(exported):
    networks = open_bundle(exported).manifest["networks"]
    assert networks[1]["weights"] == networks[3]["weights"] == "flat_repvgg_lite.safetensors"
    names = ["coarse_repvgg_lite", "flat_repvgg_lite", "mtcnn", "negative_repvgg_lite", "sequence"]
    assert sorted(path.stem for path in exported.glob("*.safetensors")) == names


def test_programs_agree_with_the_unfused_networks(exported, checkpoints):
    crops = np.random.default_rng(2).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    trained = {}
    for stage, path in checkpoints.items():
        model = build_model(load_config(f"configs/lite/lite_repvgg_{stage}.yaml"))
        load_pretrained(model, path)
        model.eval()
        with paddle.no_grad():
            trained[stage] = model(paddle.to_tensor(crops)).numpy()
    coarse, negative = PaddleProgram(open_bundle(exported), "frame")(crops)
    four = trained["flat"][:, [EXPR.index(name) for name in NEGATIVE]]
    for found, expected in ((coarse[0], trained["coarse"]), (negative[0], trained["negative"]), (negative[1], four)):
        # Weights are stored in half precision: three digits.
        np.testing.assert_allclose(found, expected, atol=5e-3 * np.abs(expected).max())
    np.testing.assert_allclose(coarse[1][:, 4], np.log(np.exp(four).sum(axis=1)), atol=5e-3 * np.abs(four).max())


def test_a_bundle_that_fails_its_check_is_not_written(checkpoints, tmp_path, monkeypatch):
    class Wrong(PaddleProgram):
        def __call__(self, *arrays):
            outputs = super().__call__(*arrays)
            return (outputs[0] + 0.01, *outputs[1:]) if self.name == "negative" and self.engine == "onednn" else outputs

    monkeypatch.setattr(parity, "PaddleProgram", Wrong)
    with pytest.raises(UserError, match=r"no bundle written: .*negative \(onednn\)"):
        export_bundle({"coarse": [checkpoints["flat"]], "negative": [checkpoints["flat"]]}, tmp_path / "bundle", ONE_EACH, "none")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-coarse", "a"],
        ["-negative", "a"],
        ["-cfg", "configs/table2.yaml", "-row", "9", "-coarse", "a", "-negative", "b"],
        ["-coarse", "a", "-negative", "b", "-row", "9"],
        ["-coarse", "a", "-negative", "b", "-random"],
    ],
    ids=" ".join,
)
def test_networks_are_named_in_one_way(words, tmp_path, capsys):
    assert export(*words, "-out", tmp_path / "b") == 2
    assert "choose one way" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_left_alone(checkpoints, tmp_path, capsys):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear friend")
    assert export("-coarse", checkpoints["coarse"], "-negative", checkpoints["negative"], "-out", folder) == 2
    assert "is no bundle" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["precious", "letter.txt"]
