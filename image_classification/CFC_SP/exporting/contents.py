# SPDX-License-Identifier: Apache-2.0
"""What lies in a bundle: the weights, the static programs that share them, and the manifest."""

import json
import shutil
from pathlib import Path

import paddle
from safetensors.numpy import save_file

from ..core.cascade import Cascade
from ..core.cascade_settings import Temperature
from ..core.ensemble import ClipProgram, Ensemble
from ..core.labels import COARSE, EXPR, NEGATIVE, STAGES
from ..inference.bundle import PROGRAMS, SCHEMA_VERSION
from ..support.files import git_sha, sha256_of
from ..video.detector import MIN_FACE, THRESHOLDS
from ..video.mtcnn import WEIGHTS as DETECTOR_WEIGHTS
from .members import Member

# (Largest input in px, crops a run of the frame program): a network of 224 px takes tens of megabytes a crop.
BATCHES = (64, 32), (112, 16), (float("inf"), 8)
# What the manifest says to people of either alignment.
CROP_SHAPES = {
    "none": "square on the longer side of MTCNN's box",
    "similarity": "MTCNN's five points on ArcFace's template",
}
_ANY = None


def write_files(work: Path, members: dict[str, list[Member]], cascade: Cascade) -> dict[str, paddle.nn.Layer]:
    """Writes the weights, each network's once, and the programs to the folder `work`; returns the eager layers by program name."""
    for member in unique(members):
        save_file(member.stored, work / f"{member.stem}.safetensors")
        _name_parameters(f"{member.stem}/", member.model)
    save_file({name: value.numpy() for name, value in cascade.state_dict().items()}, work / "sequence.safetensors")
    _name_parameters("sequence/", cascade)
    shutil.copyfile(DETECTOR_WEIGHTS, work / DETECTOR_WEIGHTS.name)
    stages = {stage: [(member.model, member.config.STAGE) for member in listed] for stage, listed in members.items()}
    frame = Ensemble(stages)
    layers = {stage: Ensemble({stage: networks}) for stage, networks in stages.items()}
    layers |= {"frame": frame, "sequence": cascade, "clip": ClipProgram(frame, cascade)}
    inputs = _inputs(members)
    for name in PROGRAMS:
        layers[name].eval()
        specs = [paddle.static.InputSpec(*spec) for spec in inputs[name]]
        paddle.jit.save(layers[name], str(work / name), input_spec=specs)
        _leave_places_out(work / f"{name}.json")
        # The weights are in the .safetensors already.
        (work / f"{name}.pdiparams").unlink(missing_ok=True)
    return layers


def _leave_places_out(program: Path) -> None:
    """Removes from a program's file where in the layers each operation was made: a sixth of the file, with numbers that count what this
    process built before. Nothing reads them."""
    tree = json.loads(program.read_text(encoding="utf-8"), object_hook=_without_place)
    program.write_text(json.dumps(tree, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")


def _without_place(node: dict) -> dict:
    attributes = node.get("A")
    if isinstance(attributes, list):
        node["A"] = [each for each in attributes if not (isinstance(each, dict) and each.get("N") == "struct_name")]
    return node


def _inputs(members: dict[str, list[Member]]) -> dict[str, list[tuple]]:
    """(shape, dtype, name) of every input of every program."""
    size = members["coarse"][0].config.DATA.CROP_SIZE
    crops, valid, window = ([_ANY, size, size, 3], "uint8", "crops"), ([_ANY], "bool", "valid"), ([1], "int64", "window")
    mode = ([1], "int64", "kind"), ([1], "float32", "tau")
    logits = [([len(listed), _ANY, len(STAGES[stage])], "float32", f"{stage}_logits") for stage, listed in members.items()]
    return {
        **{name: [crops] for name in ("coarse", "negative", "frame")},
        "sequence": [*logits, valid, window, *mode],
        "clip": [crops, valid, window, *mode],
    }


def _name_parameters(prefix: str, layer: paddle.nn.Layer) -> None:
    for name, parameter in layer.state_dict().items():
        parameter.name = prefix + name


def unique(members: dict[str, list[Member]]) -> list[Member]:
    """The members, each once, in the order of the stages."""
    return list({member.stem: member for listed in members.values() for member in listed}.values())


def batch_of(input_size: int) -> int:
    """Crops a run of the frame program, for networks whose largest input has `input_size` px."""
    return next(batch for side, batch in BATCHES if input_size <= side)


def make_manifest(name: str, work: Path, members: dict[str, list[Member]], cascade: Cascade, config, licence: str, batch=None) -> dict:
    """The manifest's tree of the files in `work`. config: the defaults of SP and of the prior; the rest as in `export_bundle`."""
    coarse, negative, normalizer, scope, shares, calibration = cascade.settings
    temperatures = {"coarse": coarse, "negative": negative}
    first, largest = members["coarse"][0].config, max(member.config.MODEL.INPUT_SIZE for member in unique(members))
    networks = [
        _network(stage, member, temperature, licence)
        for stage, listed in members.items()
        for member, temperature in zip(listed, temperatures[stage], strict=True)
    ]
    files = sorted(path.name for path in work.iterdir())
    return {
        "schema": SCHEMA_VERSION,
        "name": name,
        "paddle": paddle.__version__,
        "git_sha": git_sha(),
        "labels": {"expr": list(EXPR), "coarse": list(COARSE), "negative": list(NEGATIVE)},
        "crop": {
            "size": first.DATA.CROP_SIZE,
            "margin": first.DATA.CROP_MARGIN,
            "align": first.DATA.ALIGN,
            "shape": CROP_SHAPES[first.DATA.ALIGN],
        },
        "batch": batch or batch_of(largest),
        "sp": {
            "kind": config.SP.KIND,
            "window": config.SP.WINDOW,
            "normalizer": normalizer,
            "calibration": {kind: list(stages) for kind, stages in (calibration or {}).items()},
        },
        "prior": {"tau": float(config.PRIOR.TAU), "shares": dict(zip(EXPR, map(float, shares), strict=True)) if shares else None},
        "cascade": {"negative_scope": scope},
        "detector": {"weights": DETECTOR_WEIGHTS.name, "min_face": MIN_FACE, "thresholds": list(THRESHOLDS), "licence": "MIT"},
        "networks": networks,
        "files": {file: sha256_of(work / file) for file in files},
    }


def _network(stage: str, member: Member, temperature: Temperature, licence: str) -> dict:
    config = member.config
    # What a foreign checkpoint was trained on is not known here.
    data = config.DATA.NAME if member.origin == "trained" else None
    training = {"data": data, "config": config.NAME, "seed": config.SEED, "git_sha": member.git_sha, **member.changes}
    return {
        "stage": stage,
        "trained_as": config.STAGE,
        "backbone": config.MODEL.NAME,
        "classes": list(STAGES[stage]),
        "input": {"size": config.MODEL.INPUT_SIZE, "channels": config.MODEL.IN_CHANNELS, "normalize": config.MODEL.NORMALIZE},
        "weights": f"{member.stem}.safetensors",
        "origin": member.origin,
        "temperature": round(temperature.own, 3),
        "temperature_smoothed": round(temperature.smoothed, 3),
        "training": training,
        "licence": licence,
        "validation": member.validation,
    }
