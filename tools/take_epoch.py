# SPDX-License-Identifier: Apache-2.0
"""Takes the weights of one epoch out of a run that kept several (TRAIN.KEEP), as a run of its own.

python tools/take_epoch.py -run output/lite_repvgg_64 -out output/lite_repvgg_64_last

Writes best.safetensors to -out, for whatever takes a trained network.
"""

import shutil
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("run", required=True, type=Path, metavar="FOLDER", help="the run's folder, of main_single_gpu.py")
    parser.option("epoch", type=int, metavar="N", help="which epoch (default: the last one that was kept)")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives best.safetensors")


def run(arguments) -> None:
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.support.files import atomic_path
    from image_classification.CFC_SP.weights.checkpoint import load_checkpoint

    out = arguments.out / "best.safetensors"
    if out.exists():
        raise UserError(f"{out} exists already: choose another -out, or remove it")
    kept = {load_checkpoint(path)[1]["validation"]["epoch"]: path for path in sorted(arguments.run.glob("best*.safetensors"))}
    if not kept:
        raise UserError(f"{arguments.run}: expected a run with a best.safetensors, found none: train it")
    epoch = max(kept) if arguments.epoch is None else arguments.epoch
    if epoch not in kept:
        raise UserError(f"{arguments.run}: expected one of the epochs that were kept, {', '.join(map(str, sorted(kept)))}, found {epoch}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with atomic_path(out) as temporary:
        shutil.copyfile(kept[epoch], temporary)
    print(f"{out}: epoch {epoch}")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
