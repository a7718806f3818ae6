# SPDX-License-Identifier: Apache-2.0
"""Small data sets, configs and networks, wherever something is trained or read back."""

import shutil
from contextlib import contextmanager

import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, Registered
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.data.datasets import as_stage
from image_classification.CFC_SP.support import quiet_paddle  # noqa: F401, before whatever imports Paddle
from image_classification.CFC_SP.training import compiled, run_folder, teachers, trainer
from image_classification.CFC_SP.weights.checkpoint import save_checkpoint
from image_classification.CFC_SP.weights.model import build_model
from image_classification.RepVGG.repvgg import RepVGG

SMALL = {
    "MODEL.NAME": "repvgg_lite",
    "MODEL.INPUT_SIZE": 16,
    "DATA.CROP_SIZE": 16,
    "TRAIN.BATCH_SIZE": 16,
    "TRAIN.WARMUP_EPOCHS": 0.5,
}
# A bound on gradients, here one that none reaches, asks for eager steps, for which no program is built.
EAGER = {"TRAIN.GRAD_CLIP": 1e6}
STATIC = {"TRAIN.GRAD_CLIP": 0.0}
# 112 pictures in which Negative is half and no class is rare.
STEPS_AN_EPOCH = 7


@pytest.fixture(scope="session")
def ferplus(tmp_path_factory, write_ferplus):
    """A folder with 112 training, 24 validation and 16 test pictures of all eight classes, which a network can tell apart."""
    rng = np.random.default_rng(0)
    rows = []
    for usage, count in (("Training", 112), ("PublicTest", 24), ("PrivateTest", 16)):
        for i in range(count):
            kind = i % 8
            votes = [8 if vote == kind else 2 if vote == (kind + 1) % 8 else 0 for vote in range(10)]
            # Stripes of four widths, lying or standing.
            stripes = np.tile(np.arange(48) // (3, 6, 12, 24)[kind // 2] % 2 * 180, (48, 1))
            picture = (stripes if kind % 2 else stripes.T) + rng.integers(0, 60, (48, 48))
            rows.append((usage, f"fer{len(rows):07d}.png", votes, picture.astype(np.uint8)))
    return write_ferplus(tmp_path_factory.mktemp("ferplus"), rows)


@pytest.fixture(scope="session")
def ferplus_zip(ferplus, tmp_path_factory):
    return shutil.make_archive(str(tmp_path_factory.mktemp("zipped") / "ferplus"), "zip", ferplus)


@pytest.fixture
def small_config(tmp_path):
    """Builds the config of a small fast network; every key can be changed: `small_config({"TRAIN.EPOCHS": 1})`."""
    path = tmp_path / "small.yaml"
    path.write_text("STAGE: coarse\n", encoding="utf-8")

    def build(changes=None):
        options = SMALL | (changes or {})
        return load_config(path, [str(word) for pair in options.items() for word in pair])

    return build


@pytest.fixture
def run_config(small_config, ferplus, tmp_path):
    """Builds the config of a run of two epochs on `ferplus`; every key can be changed."""

    def build(changes=None):
        base = {"DATA.ROOT": ferplus, "OUTPUT": tmp_path / "out", "TRAIN.EPOCHS": 2, "TRAIN.EMA_DECAY": 0.9}
        return small_config(base | EAGER | (changes or {}))

    return build


def build_tiny(**keywords) -> RepVGG:
    """A network of a few thousand parameters."""
    return RepVGG(widths=(8, 12, 24), blocks=(2, 1), stem_stride=1, **keywords)


@contextmanager
def tiny_networks():
    """A tiny network is there under the name "repvgg_lite"."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(BACKBONES, "repvgg_lite", Registered(RepVGG, build_tiny))
        yield


@pytest.fixture
def tiny_network():
    """A tiny network under the name "repvgg_lite", where the real one's size has no part in the test."""
    with tiny_networks():
        yield


@pytest.fixture
def quick_epochs(tiny_network, monkeypatch):
    """Training in which epochs end quickly: networks run in the GPU's form, which is not compiled, and no curves are drawn. Both have
    tests of their own."""
    for module in (trainer, teachers):
        monkeypatch.setattr(module, "compile_network", lambda network, *others: compiled.compile_network(network, "gpu"))
    monkeypatch.setattr(run_folder, "draw_curves", lambda rows, title, path: path.touch())


@pytest.fixture
def write_trained(small_config, tiny_network, tmp_path):
    """Writes a seeded network as a best.safetensors whose opinions differ from picture to picture."""

    def write(name, seed, changes=None):
        config = small_config({"NAME": name} | (changes or {}))
        paddle.seed(seed)
        model = build_model(config)
        model.backbone.head.weight.set_value(model.backbone.head.weight * 100)
        path = tmp_path / f"{name}.safetensors"
        note = {"config": config.dump(), "git_sha": "made here", "validation": {"val_macro_f1": 0.5}}
        save_checkpoint(path, {key: value.numpy() for key, value in model.state_dict().items()}, note)
        return path

    return write


class Pictures:
    """A data set in memory: random RGB pictures of any size, `classes` and `votes` as given."""

    def __init__(self, classes, votes=None, side=20):
        self.classes = np.array(classes)
        self.votes = np.eye(8, dtype=np.float32)[self.classes] if votes is None else np.array(votes, np.float32)
        self.names = tuple(f"{i}.png" for i in range(len(self.classes)))
        self.pictures = np.random.default_rng(1).integers(0, 256, (len(self.classes), side, side, 3), dtype=np.uint8)

    def picture(self, index):
        return self.pictures[index]


@pytest.fixture
def pictures():
    return Pictures


@pytest.fixture
def stage_data(pictures):
    """40 pictures, eight of every coarse class, as the coarse stage sees them."""
    return as_stage(pictures([0, 1, 4, 6, 7] * 8), "coarse", "votes")
