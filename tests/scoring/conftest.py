# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.labels import NEGATIVE_CLASS, STAGES
from image_classification.CFC_SP.data.affwild2 import HEADER
from image_classification.CFC_SP.data.fer2013 import Fer2013
from image_classification.CFC_SP.data.picture_files import PictureFiles
from image_classification.CFC_SP.scoring.frames import Frames
from image_classification.CFC_SP.weights.checkpoint import save_checkpoint
from image_classification.CFC_SP.weights.model import build_model

# Labels and the frames that have a crop, counted from 1.
VIDEOS = {
    "a": ([0, 1, 1, -1, 4, 5, 6, 7, 2, 3, 1, 0], [2, 3, 4, 7, 8, 9, 10]),
    "b_left": ([5, 5, 1, 2], [1, 2, 3, 4]),
    "c": ([0, 4, 4], []),
}


@pytest.fixture
def affwild2(tmp_path):
    """Three small videos in Aff-Wild2's layout; the last one has no crop."""
    root, rng = tmp_path / "affwild2", np.random.default_rng(0)
    annotations = root / "EXPR_Classification_Challenge" / "Validation_Set"
    annotations.mkdir(parents=True)
    for name, (labels, crops) in VIDEOS.items():
        (annotations / f"{name}.txt").write_text("\n".join([HEADER, *map(str, labels)]) + "\n")
        (root / "crops" / name).mkdir(parents=True)
        for frame in crops:
            picture = cv2.resize(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8), (20, 20))
            cv2.imwrite(str(root / "crops" / name / f"{frame:05d}.jpg"), picture)
    return root


@pytest.fixture
def trained(tmp_path, small_config, tiny_network):
    """Writes the checkpoint of an untrained tiny network of a stage, as a run would: `trained("coarse", seed=1)`."""

    def write(stage, seed=0, run=None, **changes):
        config = small_config({"STAGE": stage, "SEED": seed, "NAME": run or f"{stage}{seed}", **changes})
        paddle.seed(seed)
        model = build_model(config)
        note = {"config": config.dump(), "git_sha": "0" * 40, "validation": {"epoch": 1}, "classes": list(STAGES[stage])}
        path = tmp_path / "runs" / config.NAME / "best.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Classifiers start at zero or near it, where every class is as likely.
        rng = np.random.default_rng(seed)
        state = {name: value.numpy() for name, value in model.state_dict().items()}
        state |= {name: rng.normal(0, 1, value.shape).astype(np.float32) for name, value in state.items() if ".head." in name}
        save_checkpoint(path, state, json.loads(json.dumps(note)))
        return path

    return write


@pytest.fixture
def random_frames():
    """Videos of the lengths given, some frames without a crop or an annotation; and logits of any networks on their pictures."""

    def build(*lengths, networks, gaps=0.3, seed=0):
        rng = np.random.default_rng(seed)
        count = sum(lengths)
        shown = rng.random(count) >= gaps
        classes = rng.integers(-1, 8, count)
        source = PictureFiles(None, (), classes[shown])
        names = tuple(f"v{i}" for i in range(len(lengths)))
        frames = Frames(source, np.where(shown, np.cumsum(shown) - 1, -1), classes, names, np.cumsum([0, *lengths]))
        logits = {name: rng.normal(0, 2, (shown.sum(), len(STAGES[stage]))).astype(np.float32) for name, stage in networks.items()}
        for name, stage in networks.items():
            if stage == "coarse":
                logits[name][:, NEGATIVE_CLASS] += 2
        return frames, logits

    return build


@pytest.fixture
def pictures_in_memory():
    """Four grey pictures that a data set holds in memory, drawn by a seed."""

    def build(seed):
        pictures = np.random.default_rng(seed).integers(0, 256, (4, 48, 48), dtype=np.uint8)
        return Fer2013(pictures, np.array([0, 1, 4, 6]), tuple("abcd"))

    return build
