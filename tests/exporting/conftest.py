import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.weights.checkpoint import save_checkpoint
from image_classification.CFC_SP.weights.model import build_model
from image_classification.CFC_SP.weights.random_weights import randomise

STAGES = ("coarse", "negative", "flat")


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Untrained runs called coarse, negative and flat, with batch-norm statistics that fusing must not lose."""
    folder = tmp_path_factory.mktemp("runs")
    for stage in STAGES:
        config = load_config(f"configs/lite/lite_repvgg_{stage}.yaml")
        model = build_model(config)
        randomise(model, stage)
        (folder / stage).mkdir()
        arrays = {name: value.numpy() for name, value in model.state_dict().items()}
        note = {"config": config.dump(), "git_sha": "0" * 40, "validation": {"epoch": 1}}
        save_checkpoint(folder / stage / "best.safetensors", arrays, note)
    return folder


@pytest.fixture(scope="session")
def checkpoints(runs):
    """The runs' checkpoints by stage."""
    return {stage: str(runs / stage / "best.safetensors") for stage in STAGES}


@pytest.fixture(scope="session")
def exported(runs, tmp_path_factory):
    """A bundle of two ensembles that share a flat network, from a config that names their runs."""
    folder, config = tmp_path_factory.mktemp("bundles") / "shared", tmp_path_factory.mktemp("configs") / "cascade.yaml"
    prior = "PRIOR: {TAU: 0.5, SHARES: [0.3, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.1]}"
    cascade = "CASCADE: {COARSE: [coarse, flat], NEGATIVE: [negative, flat], NEGATIVE_SCOPE: all}"
    config.write_text(f"SP: {{WINDOW: 64}}\n{prior}\n{cascade}\n")
    words = ["-cfg", config, "-runs", runs, "-out", folder, "-licence", "CC0-1.0"]
    assert run_script(export_model, list(map(str, words))) == 0
    return folder
