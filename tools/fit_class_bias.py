"""Puts the classes of a trained network in the proportions of its data set: a bias for each, fitted on the validation split.

python tools/fit_class_bias.py -weights output/lite_mobilenet_112/best.safetensors -data ferplus.zip -out output/lite_mobilenet_112_bias

Writes best.safetensors to -out, with validation scores of its own, for whatever takes a trained network.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.entry import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("weights", required=True, type=Path, metavar="FILE", help="best.safetensors of main_single_gpu.py")
    parser.option("data", required=True, metavar="PATH", help="the data set it was trained on")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives best.safetensors")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")


def run(arguments) -> None:
    from image_classification.CFC_SP.device import select_device
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.training.class_bias import shift_classes

    out = arguments.out / "best.safetensors"
    if out.exists():
        raise UserError(f"{out} is there: choose another -out, or remove it")
    scores = shift_classes(arguments.weights, arguments.data, select_device(arguments.device), out)
    print(f"{out}: {', '.join(f'{name} {value}' for name, value in scores.items())}")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
