# SPDX-License-Identifier: Apache-2.0
"""Trained networks made one: the mean of their weights ("model soups", Wortsman et al., ICML 2022)."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..core.labels import STAGES
from ..data.datasets import load_split
from ..data.loader import training_batches
from ..data.samplers import epoch_order, repeat_factors
from ..support.errors import UserError
from ..support.files import git_sha, make_folder, sha256_of
from ..weights.checkpoint import save_checkpoint
from ..weights.model import build_model
from ..weights.trained import Trained, load_trained
from .compiled import compile_network
from .validation import STATISTICS_BATCHES, measure_statistics, validate


def average(paths: Sequence[str | Path], shares: Sequence[float], root: str, device: str, out: Path) -> dict[str, float]:
    """Writes to `out` the mean of the networks at `paths`, weighed by `shares`, as a best.safetensors, and returns its scores.

    The networks are one stage's and of one shape, and began from common weights: those of separate runs have no mean that works.
    Config and data set, found at `root`, are the first one's; on it batch-norm statistics are measured, and val_accuracy and
    val_macro_f1. The note's `averaged` names each network with its share and sha256. Raises UserError for networks that do not fit.
    """
    if len(paths) != len(shares) or not all(0 < share < math.inf for share in shares):
        raise UserError(f"-shares: expected a positive number for each of the {len(paths)} networks, found {[*shares]}")
    networks = [load_trained(path, *STAGES) for path in paths]
    for path, network in zip(paths, networks, strict=True):
        if "class_bias" in network.note:
            raise UserError(f"{path}: expected a network as it was trained, found one with a class_bias: average first, then fit the bias")
    for path, network in zip(paths[1:], networks[1:], strict=True):
        _check_alike(paths[0], networks[0], path, network)
    parts = np.array(shares) / sum(shares)
    states = [network.model.state_dict() for network in networks]
    mean = {name: sum(p * s[name].numpy() for p, s in zip(parts.tolist(), states, strict=True)) for name in states[0]}
    config = networks[0].config.clone()
    config.defrost()
    config.DATA.ROOT = root
    model = build_model(config)
    model.set_state_dict(mean)

    data, held_out = load_split(config, "train"), load_split(config, "val")
    measure_statistics(model, statistics_batches(config, data))
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    scores = validate(compile_network(model, device), held_out, config.DATA.CROP_SIZE)
    validation = scores.as_validation()
    averaged = [
        {"name": network.config.NAME, "share": round(part, 4), "sha256": sha256_of(path)}
        for network, part, path in zip(networks, parts.tolist(), paths, strict=True)
    ]
    note = {"config": config.dump(), "git_sha": git_sha(), "validation": validation, "classes": list(data.names), "averaged": averaged}
    make_folder(out.parent)
    save_checkpoint(out, weights, note)
    return validation


def statistics_batches(config, data) -> Iterator[tuple]:
    """Batches of training pictures, enough to measure batch-norm statistics on: the first of an epoch.

    Raises UserError where the pictures do not fill one.
    """
    order = epoch_order(repeat_factors(data.labels, config.DATA.REPEAT_THRESHOLD), config.SEED, 0)
    if len(order) < config.TRAIN.BATCH_SIZE:
        raise UserError(f"expected {config.TRAIN.BATCH_SIZE} training pictures at least, found {len(data)}: take the whole data set")
    return training_batches(data, order[: STATISTICS_BATCHES * config.TRAIN.BATCH_SIZE], config, 0)


def _check_alike(first: str | Path, one: Trained, path: str | Path, other: Trained) -> None:
    for key in ("NAME", "INPUT_SIZE", "IN_CHANNELS", "NORMALIZE"):
        expected, found = one.config.MODEL[key], other.config.MODEL[key]
        if expected != found:
            raise UserError(f"{path}: expected MODEL.{key} {expected} as in {first}, found {found}: average networks of one shape")
    if one.config.STAGE != other.config.STAGE:
        raise UserError(f"{path}: expected a network of the {one.config.STAGE} stage as {first} is, found one of {other.config.STAGE}")
    if one.config.DATA.CROP_SIZE != other.config.DATA.CROP_SIZE:
        sizes = f"{one.config.DATA.CROP_SIZE} px as those of {first}, found {other.config.DATA.CROP_SIZE} px"
        raise UserError(f"{path}: expected crops of {sizes}: average networks of one shape")
    if one.config.DATA.ALIGN != other.config.DATA.ALIGN:
        found = f"{one.config.DATA.ALIGN} as for {first}, found {other.config.DATA.ALIGN}"
        raise UserError(f"{path}: expected DATA.ALIGN {found}: average networks that see the same crops")
