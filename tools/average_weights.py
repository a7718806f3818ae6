"""Makes one network of two or more that went on from common weights: the mean of theirs.

python tools/average_weights.py -weights output/lite_repvgg_distilled/best.safetensors output/lite_repvgg_robust/best.safetensors \\
    -shares 3 1 -data ferplus.zip -out output/lite_repvgg_mean

Writes best.safetensors to -out, with batch-norm statistics and validation scores of its own, for whatever takes a trained network.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.entry import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("weights", required=True, nargs="+", type=Path, metavar="FILE", help="best.safetensors of main_single_gpu.py")
    parser.option("shares", nargs="+", type=float, metavar="N", help="how much each counts, in any unit (default: all alike)")
    parser.option("data", required=True, metavar="PATH", help="the data set they were trained on")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives best.safetensors")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")


def run(arguments) -> None:
    from image_classification.CFC_SP.device import select_device
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.training.averaging import average

    out = arguments.out / "best.safetensors"
    if out.exists():
        raise UserError(f"{out} is there: choose another -out, or remove it")
    shares = arguments.shares or [1.0] * len(arguments.weights)
    scores = average(arguments.weights, shares, arguments.data, select_device(arguments.device), out)
    print(f"{out}: {', '.join(f'{name} {value}' for name, value in scores.items())}")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
