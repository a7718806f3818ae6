# SPDX-License-Identifier: Apache-2.0
"""Puts the classes of a trained network in the proportions of its data set: a bias for each, fitted on the validation split.

python tools/fit_class_bias.py -weights output/lite_mobilenet_112/best.safetensors -data ferplus.zip -out output/lite_mobilenet_112_bias

Writes best.safetensors to -out, with validation scores of its own, for whatever takes a trained network.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.weights.derived_run import add_run_options, begin_run, say_scores


def add_options(parser: Parser) -> None:
    parser.option("weights", required=True, type=Path, metavar="FILE", help="best.safetensors of main_single_gpu.py")
    add_run_options(parser)


def run(arguments) -> None:
    device, out = begin_run(arguments)
    from image_classification.CFC_SP.training.class_bias import shift_classes

    say_scores(out, shift_classes(arguments.weights, arguments.data, device, out))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
