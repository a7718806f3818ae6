# SPDX-License-Identifier: Apache-2.0
"""A network that this project trained, as its best.safetensors has it."""

from dataclasses import dataclass
from pathlib import Path

from yacs.config import CfgNode

from ..config import parse_config
from ..core.preprocess import ExpressionNet
from ..support.errors import UserError
from .checkpoint import load_checkpoint, load_pretrained
from .model import build_model

# What the note of a best.safetensors says, as far as it is read; a ported network has no scores.
_NOTE = {"config": str, "git_sha": str, "validation": dict | None, "origin": str, "averaged": list, "class_bias": dict}


@dataclass(frozen=True)
class Trained:
    """A checkpoint's network with its weights, the config it was trained with, and the rest of its note."""

    config: CfgNode
    note: dict
    model: ExpressionNet


def trained_config(path: str | Path, *stages: str) -> tuple[CfgNode, dict]:
    """The config that the best.safetensors at `path` was trained with, and its note; UserError for another file or none of `stages`."""
    _, note = load_checkpoint(path)
    if "config" not in note or "validation" not in note:
        raise UserError(f"{path}: expected a best.safetensors of `cfc-sp train`, found a file without its config")
    for key, kind in _NOTE.items():
        if not isinstance(note.get(key), kind) and (key in note or key == "git_sha"):
            raise UserError(f"{path}: expected a best.safetensors of `cfc-sp train`, found a note whose {key} is malformed")
    config = parse_config(note["config"])
    if config.STAGE not in stages:
        raise UserError(f"{path}: expected a checkpoint of the {' or '.join(stages)} stage, found one of the {config.STAGE} stage")
    return config, note


def load_trained(path: str | Path, *stages: str) -> Trained:
    """The network at `path`, a best.safetensors of one of `stages`; UserError for another file, another stage, and missing tensors."""
    config, note = trained_config(path, *stages)
    model = build_model(config)
    report = load_pretrained(model, path)
    if report.missing or report.left_out:
        raise UserError(
            f"{path}: expected exactly the tensors of the network, found {[*report.missing, *report.left_out][:5]} missing or foreign"
        )
    return Trained(config, note, model)
