# SPDX-License-Identifier: Apache-2.0
"""Trains one stage on one device.

python main_single_gpu.py -cfg configs/lite/lite_repvgg_coarse.yaml -opts DATA.ROOT ferplus.zip
python main_single_gpu.py -cfg configs/lite/lite_repvgg_coarse.yaml -opts DATA.ROOT ferplus.zip -resume
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("cfg", required=True, metavar="YAML", help="config file, such as configs/lite/lite_repvgg_coarse.yaml")
    parser.option("out", "output", metavar="FOLDER", help="receives one folder a run (default: output)")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")
    parser.option("resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the whole config first")
    parser.option("opts", nargs="+", default=[], metavar="KEY VALUE", help="config keys to override, in pairs")


def options_of(arguments) -> list[str]:
    """The config keys that the command line overrides, as words."""
    return arguments.opts + (["OUTPUT", arguments.out] if arguments.out else [])


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.support.device import select_device
    from image_classification.CFC_SP.training.trainer import train

    config = load_config(arguments.cfg, options_of(arguments))
    if arguments.verbose:
        print(config.dump())
    folder = train(config, select_device(arguments.device), arguments.resume)
    print(f"done: {folder}")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
