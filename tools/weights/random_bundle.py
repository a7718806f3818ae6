# SPDX-License-Identifier: Apache-2.0
"""A network with seeded random weights as a bundle of one program: what measuring and checking engines needs."""

from pathlib import Path

from safetensors.numpy import save_file

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.core.preprocess import ExpressionNet
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.support.quiet_paddle import paddle
from image_classification.CFC_SP.weights.model import build_model
from image_classification.CFC_SP.weights.random_weights import randomise


def random_bundle(cfg: str, folder: Path) -> Bundle:
    """The network of the config `cfg` as the program called by the config's stem; it takes crops of the network's own input size."""
    size = load_config(cfg).MODEL.INPUT_SIZE
    return seeded_bundle(build_model(load_config(cfg, ["DATA.CROP_SIZE", str(size)])), Path(cfg).stem, folder)


def seeded_bundle(model: ExpressionNet, name: str, folder: Path) -> Bundle:
    """Gives `model` seeded weights, fuses it and writes it into `folder` as the program `name`.

    The bundle has no more of a manifest than programs need.
    """
    size = model.preprocess.crop_size
    randomise(model, name)
    model.eval()
    if hasattr(model.backbone, "fuse"):
        model.backbone.fuse()
    save_file({key: value.numpy() for key, value in model.state_dict().items()}, folder / f"{name}.safetensors")
    for key, parameter in model.state_dict().items():
        parameter.name = f"{name}/{key}"
    paddle.jit.save(model, str(folder / name), input_spec=[paddle.static.InputSpec([None, size, size, 3], "uint8", "crops")])
    return Bundle(folder, {"name": "random", "crop": {"size": size}, "files": {f"{name}.safetensors": ""}}, "")
