# SPDX-License-Identifier: Apache-2.0
"""Trains one stage on several GPUs, of one machine or of many; TRAIN.BATCH_SIZE is that of all of them together.

python main_multi_gpu.py -cfg configs/swin_s_coarse.yaml -opts DATA.ROOT affwild2
python -m paddle.distributed.launch --master 10.0.0.1:49178 --nnodes 2 main_multi_gpu.py -cfg configs/swin_s_coarse.yaml
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP import main_single_gpu
from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    main_single_gpu.add_options(parser)
    parser.option("processes", type=int, default=0, metavar="N", help="on this machine (default: one for each visible GPU)")


def run(arguments) -> None:
    from functools import partial

    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.support.device import select_device
    from image_classification.CFC_SP.support.process_group import join_group, run_together, was_launched
    from image_classification.CFC_SP.training.trainer import train

    config = load_config(arguments.cfg, main_single_gpu.options_of(arguments))
    device = select_device(arguments.device)
    if was_launched():
        group = join_group(device)
        if group.leads and arguments.verbose:
            print(config.dump())
        train(config, device, arguments.resume, group)
    else:
        if arguments.verbose:
            print(config.dump())
        run_together(partial(train, config, device, arguments.resume), device, arguments.processes)
        print(f"done: {Path(config.OUTPUT) / config.NAME}")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
