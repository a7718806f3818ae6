# SPDX-License-Identifier: Apache-2.0
"""Makes one network of two or more that went on from common weights: the mean of theirs.

python tools/average_weights.py -weights output/lite_repvgg_distilled/best.safetensors output/lite_repvgg_robust/best.safetensors \\
    -shares 3 1 -data ferplus.zip -out output/lite_repvgg_mean

Writes best.safetensors to -out, with batch-norm statistics and validation scores of its own, for whatever takes a trained network.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.weights.derived_run import add_run_options, begin_run, say_scores


def add_options(parser: Parser) -> None:
    parser.option("weights", required=True, nargs="+", type=Path, metavar="FILE", help="best.safetensors of main_single_gpu.py")
    parser.option("shares", nargs="+", type=float, metavar="N", help="how much each counts, in any unit (default: all alike)")
    add_run_options(parser)


def run(arguments) -> None:
    device, out = begin_run(arguments)
    from image_classification.CFC_SP.training.averaging import average

    shares = arguments.shares or [1.0] * len(arguments.weights)
    say_scores(out, average(arguments.weights, shares, arguments.data, device, out))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
