# SPDX-License-Identifier: Apache-2.0
"""A network of a bundle -> the checkpoint of a run: the way back from export."""

from pathlib import Path

import paddle

from ..config import config_of_run, load_config
from ..core.labels import STAGES
from ..data.datasets import load_split
from ..inference.bundle import Bundle
from ..support.files import make_folder
from ..training.averaging import statistics_batches
from ..weights.checkpoint import load_checkpoint, load_pretrained, save_checkpoint
from ..weights.model import build_model
from ..weights.statistics import restore_statistics
from .members import CHANGES


def unpack(bundle: Bundle, network: dict, folder: Path, root: str | None = None) -> Path:
    """Writes the checkpoint of one network of the manifest to `folder` and returns it.

    root: the place of its data set; where it is given, a network that was fused gets statistics of training pictures. Raises
    UserError for weights that do not fit and for bad data.
    """
    training = network["training"]
    config = load_config(config_of_run(training["config"]), ["SEED", str(training["seed"]), "DATA.ROOT", root or ""])
    # The branches that fusing took away begin at random, but always at the same numbers.
    paddle.seed(config.SEED)
    model = build_model(config)
    weights, _ = load_checkpoint(bundle.folder / network["weights"])
    if hasattr(model.backbone, "unfused"):
        weights = model.backbone.unfused(weights, "backbone.")
        if root:
            model.set_state_dict(weights)
            restore_statistics(model, (crops for crops, _ in statistics_batches(config, load_split(config, "train"))))
            weights = {name: value.numpy() for name, value in model.state_dict().items()}
    path = folder / "best.safetensors"
    make_folder(folder)
    note = {"config": config.dump(), "validation": network["validation"], "classes": list(STAGES[config.STAGE])}
    save_checkpoint(path, weights, note | {key: training[key] for key in ("git_sha", *CHANGES) if key in training})
    load_pretrained(model, path)
    return path
