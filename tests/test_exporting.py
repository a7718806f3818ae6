import numpy as np
import paddle
import pytest

from image_classification.CFC_SP import export_model, exporting
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.entry import run_script
from image_classification.CFC_SP.errors import UserError
from image_classification.CFC_SP.exporting import export_bundle
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.program import Program
from image_classification.CFC_SP.training.checkpoint import save_checkpoint
from image_classification.CFC_SP.training.model import build_model

TEMPERATURES = ([1.5, 1.0], 0.8)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Untrained checkpoints by stage, with batch-norm statistics that fusing must not lose."""
    folder, paths = tmp_path_factory.mktemp("checkpoints"), {}
    rng = np.random.default_rng(0)
    for stage in ("coarse", "negative"):
        config = load_config(f"configs/lite_repvgg_{stage}.yaml")
        model = build_model(config)
        arrays = {}
        for name, value in model.state_dict().items():
            arrays[name] = value.numpy()
            if name.endswith("_variance"):
                arrays[name] = rng.uniform(0.5, 2, value.shape).astype(np.float32)
            elif name.endswith("_mean"):
                arrays[name] = rng.normal(0, 0.3, value.shape).astype(np.float32)
        paths[stage] = str(folder / f"{stage}.safetensors")
        save_checkpoint(paths[stage], arrays, {"config": config.dump(), "git_sha": "0" * 40, "validation": {"epoch": 1}})
    return paths


@pytest.fixture(scope="module")
def exported(checkpoints, tmp_path_factory):
    """A bundle with two coarse networks."""
    folder = tmp_path_factory.mktemp("bundles") / "pair"
    return export_bundle([checkpoints["coarse"]] * 2, checkpoints["negative"], folder, TEMPERATURES, "CC0-1.0")


def test_the_bundle_says_what_it_holds(exported):
    bundle = open_bundle(exported)
    assert bundle.manifest["name"] == "pair" and bundle.manifest["paddle"] == paddle.__version__
    networks = bundle.manifest["networks"]
    assert [network["stage"] for network in networks] == ["coarse", "coarse", "negative"]
    assert [network["temperature"] for network in networks] == [1.5, 1.0, 0.8]
    assert {network["licence"] for network in networks} == {"CC0-1.0"}
    assert {network["weights"] for network in networks} <= set(bundle.manifest["files"])
    assert [path for path in exported.parent.iterdir()] == [exported]


def test_programs_agree_with_the_unfused_network(exported, checkpoints):
    config = load_config("configs/lite_repvgg_negative.yaml")
    model = build_model(config)
    exporting.load_pretrained(model, checkpoints["negative"])
    model.eval()
    crops = np.random.default_rng(2).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    with paddle.no_grad():
        expected = model(paddle.to_tensor(crops)).numpy()
    found = Program(open_bundle(exported), "negative")(crops)[0]
    # Weights are stored in half precision: three digits.
    np.testing.assert_allclose(found, expected, atol=5e-3 * np.abs(expected).max())


def test_a_bundle_that_fails_its_check_is_not_written(checkpoints, tmp_path, monkeypatch):
    real = exporting.Program

    class Wrong(real):
        def __call__(self, *arrays):
            outputs = super().__call__(*arrays)
            return (outputs[0] + 0.01, *outputs[1:]) if self.name == "negative" and self.engine == "onednn" else outputs

    monkeypatch.setattr(exporting, "Program", Wrong)
    with pytest.raises(UserError, match=r"no bundle written: .*negative \(onednn\)"):
        export_bundle([checkpoints["coarse"]], checkpoints["negative"], tmp_path / "bundle", ([1.0], 1.0), "none")
    assert not list(tmp_path.iterdir())


def test_checkpoints_of_the_wrong_stage_are_told(checkpoints, tmp_path, capsys):
    words = ["-coarse", checkpoints["negative"], "-negative", checkpoints["negative"], "-out", str(tmp_path / "bundle")]
    assert run_script(export_model, words) == 2
    assert "expected a checkpoint of the coarse stage, found one of the negative stage" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_temperatures_must_be_one_a_network(checkpoints, tmp_path, capsys):
    words = ["-coarse", checkpoints["coarse"], "-negative", checkpoints["negative"], "-out", str(tmp_path / "b"), "-temperatures", "2"]
    assert run_script(export_model, words) == 2
    assert "expected 2 numbers" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_left_alone(checkpoints, tmp_path):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear friend")
    with pytest.raises(UserError, match="is no bundle"):
        export_bundle([checkpoints["coarse"]], checkpoints["negative"], folder, ([1.0], 1.0), "none")
    assert [path.name for path in tmp_path.rglob("*")] == ["precious", "letter.txt"]
