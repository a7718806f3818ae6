# SPDX-License-Identifier: Apache-2.0
import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.weights.checkpoint import save_checkpoint
from image_classification.CFC_SP.weights.model import build_model
from image_classification.CFC_SP.weights.random_weights import randomise
from tests.training_fixtures import tiny_networks

STAGES = ("coarse", "negative", "flat")


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Untrained runs called coarse, negative and flat, with batch-norm statistics that fusing must not lose. Whoever builds their networks
    uses `tiny_network`."""
    folder = tmp_path_factory.mktemp("runs")
    for stage in STAGES:
        config = load_config(f"configs/lite/lite_repvgg_{stage}.yaml")
        with tiny_networks():
            model = build_model(config)
        randomise(model, stage)
        (folder / stage).mkdir()
        arrays = {name: value.numpy() for name, value in model.state_dict().items()}
        # Opinions so strong that noise proves them wrong.
        arrays["backbone.head.weight"] = arrays["backbone.head.weight"] * 30
        note = {"config": config.dump(), "git_sha": "0" * 40, "validation": {"epoch": 1}}
        save_checkpoint(folder / stage / "best.safetensors", arrays, note)
    return folder


@pytest.fixture(scope="session")
def checkpoints(runs):
    """The runs' checkpoints by stage."""
    return {stage: str(runs / stage / "best.safetensors") for stage in STAGES}


@pytest.fixture(scope="session")
def noise(tmp_path_factory, write_ferplus):
    """Validation pictures of noise in FER+'s layout, four of every class: their folder."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(32):
        votes = [0] * 10
        votes[number % 8] = 10
        rows.append(("PublicTest", f"fer{number:07}.png", votes, rng.integers(0, 256, (48, 48), dtype=np.uint8)))
    return write_ferplus(tmp_path_factory.mktemp("noise"), rows)


@pytest.fixture(scope="session")
def export(runs, noise, tmp_path_factory):
    """An export takes long, so there is one: (the bundle, what was said). Its two ensembles share a flat network and are calibrated on
    noise; a config names their runs."""
    folder, config = tmp_path_factory.mktemp("bundles") / "shared", tmp_path_factory.mktemp("configs") / "cascade.yaml"
    prior = "PRIOR: {TAU: 0.5, SHARES: [0.3, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.1]}"
    cascade = "CASCADE: {COARSE: [coarse, flat], NEGATIVE: [negative, flat], NEGATIVE_SCOPE: all}"
    config.write_text(f"SP: {{WINDOW: 64}}\n{prior}\n{cascade}\n")
    words = ["-cfg", config, "-runs", runs, "-calibrate", noise, "-out", folder, "-licence", "CC0-1.0"]
    with tiny_networks(), redirect_stdout(io.StringIO()) as said:
        assert run_script(export_model, list(map(str, words))) == 0
    return folder, said.getvalue()


@pytest.fixture(scope="session")
def exported(export) -> Path:
    """The bundle of that export."""
    return export[0]


@pytest.fixture
def exported_copy(exported, tmp_path) -> Path:
    """A copy of that bundle, to be changed."""
    return Path(shutil.copytree(exported, tmp_path / "copy"))
