# SPDX-License-Identifier: Apache-2.0
"""The networks of a bundle: read from checkpoints or made of random weights, fused, and rounded as the bundle stores them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import paddle
from yacs.config import CfgNode

from ..config import config_of_run, find_config, load_config
from ..core.labels import STAGES
from ..inference.agreement import example_crops
from ..inference.bundle import Bundle
from ..support.errors import UserError
from ..support.files import git_sha
from ..weights.model import build_model
from ..weights.random_weights import randomise
from ..weights.trained import load_trained
from .parity import compare

# What a checkpoint's note may say of how its weights were changed after training.
CHANGES = "averaged", "class_bias"
# Of weights in half precision against the trained ones, as a share of the largest value.
HALF_TOLERANCE = 5e-3
# A checkpoint's path, or the config of a network that gets random weights.
Source = str | Path | CfgNode


@dataclass(frozen=True)
class Member:
    """One network of a bundle: its weights file's stem, its config, where its weights are from ("trained", "random", or whose
    checkpoint was ported), the code that made them, their validation scores if known, the fused layer in evaluation mode, and what
    `training.averaging` and `training.class_bias` note of what they did, as `averaged` and `class_bias`."""

    stem: str
    config: CfgNode
    origin: str
    git_sha: str
    validation: dict | None
    model: paddle.nn.Layer
    changes: dict = field(default_factory=dict)

    @property
    def stored(self) -> dict[str, np.ndarray]:
        """The arrays as the bundle stores them, by name."""
        return {name: _stored(name, value) for name, value in self.model.state_dict().items()}


def sources_of_cascade(path: str | Path, runs: str | Path, random: bool, row: int | None = None) -> tuple[CfgNode, dict[str, list[Source]]]:
    """(config, {stage: sources}) of the cascade that the config file `path` describes by names in CASCADE.COARSE and .NEGATIVE.

    row: which of the file's rows, where it holds several.
    A name is that of a folder below `runs` with its best.safetensors; with `random`, that of a config file beside `path` instead.
    Raises UserError for a config that names no network for a stage, and for a run that is not there.
    """
    config, path = load_config(path, row=row), find_config(path)
    sources = {}
    for stage, names in (("coarse", config.CASCADE.COARSE), ("negative", config.CASCADE.NEGATIVE)):
        if not names:
            raise UserError(f"{path}: CASCADE.{stage.upper()}: expected the names of one run or more, found none: add them")
        if random:
            sources[stage] = [load_config(path.with_name(f"{name}.yaml")) for name in names]
            continue
        sources[stage] = [Path(runs, name, "best.safetensors") for name in names]
        missing = [source for source in sources[stage] if not source.is_file()]
        if missing:
            raise UserError(f"{path} names a run whose {missing[0]} is missing: train it, or choose another -runs")
    return config, sources


def load_members(sources: dict[str, Sequence[Source]]) -> dict[str, list[Member]]:
    """The members of each stage in the order of their sources; one named more than once is loaded once.

    Raises UserError for a checkpoint that is damaged, has no config, was trained for the other stage, changes when it is fused or
    in half precision, or whose crops are not those of the others.
    """
    loaded, stems, members = {}, [], {}
    for stage, listed in sources.items():
        members[stage] = []
        for source in listed:
            key = _identity(source)
            if key not in loaded:
                loaded[key] = _load(source, stems)
            trained_as = loaded[key].config.STAGE
            if trained_as not in (stage, "flat"):
                expected = f"expected a network of the {stage} stage, or a flat one"
                raise UserError(f"{_called(source)}: {expected}, found one of the {trained_as} stage")
            members[stage].append(loaded[key])
    data = [member.config.DATA for member in loaded.values()]
    crops = {(part.CROP_SIZE, part.CROP_MARGIN, part.ALIGN) for part in data}
    if len(crops) > 1:
        raise UserError(
            f"expected networks trained on crops of one geometry, found (size, margin, align) {sorted(crops)}: retrain one of them"
        )
    return members


def members_of(bundle: Bundle) -> dict[str, list[Member]]:
    """The members of each stage of a bundle, with its very weights, to write it again.

    Raises UserError for networks without a config of this project, and for weights that are not theirs.
    """
    made, members = {}, {stage: [] for stage in ("coarse", "negative")}
    for network in bundle.manifest["networks"]:
        stem, training = Path(network["weights"]).stem, network["training"]
        if stem not in made:
            config = load_config(config_of_run(training["config"]), ["SEED", str(training["seed"])])
            model = build_model(config)
            model.eval()
            if hasattr(model.backbone, "fuse"):
                model.backbone.fuse()
            weights = {name: value.astype(np.float32) for name, value in bundle.tensors(stem).items()}
            if {name: list(value.shape) for name, value in model.state_dict().items()} != {n: list(v.shape) for n, v in weights.items()}:
                raise UserError(f"{network['weights']}: expected the weights of {training['config']}, found others")
            model.set_state_dict(weights)
            changes = {key: training[key] for key in CHANGES if key in training}
            made[stem] = Member(stem, config, network["origin"], training["git_sha"], network["validation"], model, changes)
        members[network["stage"]].append(made[stem])
    return members


def _identity(source: Source) -> str:
    return source.NAME if isinstance(source, CfgNode) else str(Path(source).resolve())


def _called(source: Source) -> str:
    return source.NAME if isinstance(source, CfgNode) else str(source)


def _load(source: Source, stems: list[str]) -> Member:
    if isinstance(source, CfgNode):
        config, note = source, {"git_sha": git_sha(), "validation": None}
        origin, model = "random", build_model(config)
        randomise(model, config.NAME)
    else:
        trained = load_trained(source, *STAGES)
        config, note, model = trained.config, trained.note, trained.model
        origin = f"ported, of {note['origin']}" if "origin" in note else "trained"
    model.eval()
    _ready(model, _called(source), config.DATA.CROP_SIZE)
    base = f"{config.STAGE}_{config.MODEL.NAME}"
    stems.append(base)
    count = stems.count(base)
    stem = base if count == 1 else f"{base}_{count}"
    changes = {key: note[key] for key in CHANGES if key in note}
    return Member(stem, config, origin, note["git_sha"], note["validation"], model, changes)


def _ready(model: paddle.nn.Layer, name: str, crop_size: int) -> None:
    """Fuses `model` and rounds its weights, in place."""
    crops = paddle.to_tensor(example_crops(crop_size, 8))
    with paddle.no_grad():
        trained = model(crops).numpy()
        if hasattr(model.backbone, "fuse"):
            model.backbone.fuse()
            compare(f"{name} when fused", "eager", [model(crops).numpy()], [trained])
        # What ships is stored in half precision; the parity check sees the very weights that users get.
        model.set_state_dict({key: _stored(key, value).astype(np.float32) for key, value in model.state_dict().items()})
        compare(f"{name} in half precision", "eager", [model(crops).numpy()], [trained], HALF_TOLERANCE)


def _stored(name: str, value: paddle.Tensor) -> np.ndarray:
    """A tensor as the bundle stores it; batch-norm statistics may outgrow half precision."""
    return value.numpy() if name.endswith(("_mean", "_variance")) else value.numpy().astype(np.float16)
