"""The network that a config describes, and one that was trained by it."""

from pathlib import Path

from ...backbones import build_backbone
from ..config import parse_config
from ..core.labels import STAGES
from ..core.preprocess import ExpressionNet, Preprocess
from ..errors import UserError
from .checkpoint import load_checkpoint, load_pretrained


def build_model(config) -> ExpressionNet:
    """The backbone of `config.MODEL` for the classes of `config.STAGE`, its preprocessing in front; freshly initialised."""
    model = config.MODEL
    keywords = {"in_channels": model.IN_CHANNELS, "input_size": model.INPUT_SIZE, "dropout": model.DROPOUT}
    if model.DROP_PATH:
        keywords["drop_path"] = model.DROP_PATH
    backbone = build_backbone(model.NAME, num_classes=len(STAGES[config.STAGE]), **keywords)
    return ExpressionNet(Preprocess(config.DATA.CROP_SIZE, model.INPUT_SIZE, model.IN_CHANNELS, model.NORMALIZE), backbone)


def trained_config(path: str | Path, stage: str) -> tuple[object, dict]:
    """The config that a best.safetensors was trained with, and its note (config, git_sha, validation, classes).

    Raises UserError for a file that is none and for a checkpoint of another stage than `stage`.
    """
    _, note = load_checkpoint(path)
    if "config" not in note or "validation" not in note:
        raise UserError(f"{path}: expected a best.safetensors of main_single_gpu.py, found a file without its config")
    config = parse_config(note["config"])
    if stage != config.STAGE:
        raise UserError(f"{path}: expected a checkpoint of the {stage} stage, found one of the {config.STAGE} stage")
    return config, note


def load_trained(path: str | Path, stage: str) -> tuple[ExpressionNet, object, dict]:
    """The network of a best.safetensors in evaluation mode, with its config and note.

    Raises UserError as `trained_config` does, and for a checkpoint with other tensors than its network has.
    """
    config, note = trained_config(path, stage)
    model = build_model(config)
    report = load_pretrained(model, path)
    if report.missing or report.left_out:
        raise UserError(f"{path}: expected every tensor of the network and no other, found {[*report.missing, *report.left_out][:5]} amiss")
    model.eval()
    return model, config, note
