# SPDX-License-Identifier: Apache-2.0
"""Measures whether the loader keeps up with training: images/s of each alone, appended to a CSV file.

python tools/measure_loader.py -cfg configs/swin_s_coarse.yaml -opts DATA.ROOT affwild2     (without DATA.ROOT: made-up JPEG pictures)
"""

import csv
import sys
import tempfile
import timeit
from pathlib import Path

import cv2
import numpy as np

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.support.command_line import Parser, run_script
from image_classification.CFC_SP.support.threads import usable_cores
from tools.tables.rooms import RESULTS, SPEED

COLUMNS = ("config", "data", "crop_size", "batch", "cpus", "threads", "device", "loader_images_s", "training_images_s", "ratio", "git_sha")


def add_options(parser: Parser) -> None:
    parser.option("cfg", required=True, metavar="YAML", help="config file, such as configs/swin_s_coarse.yaml")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")
    parser.option("batches", type=int, default=20, metavar="N", help="batches to time of each (default: 20)")
    parser.option("out", type=Path, default=RESULTS / SPEED / "loader.csv", metavar="CSV", help="default: results/speed/loader.csv")
    parser.option("opts", nargs="+", default=[], metavar="KEY VALUE", help="config keys to override, in pairs")


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.data.datasets import load_split
    from image_classification.CFC_SP.data.loader import PREFETCHED, training_batches
    from image_classification.CFC_SP.support.device import select_device
    from image_classification.CFC_SP.support.files import git_sha
    from image_classification.CFC_SP.training.steps import choose_step
    from image_classification.CFC_SP.weights.model import build_model

    config, device = load_config(arguments.cfg, arguments.opts), select_device(arguments.device)
    with tempfile.TemporaryDirectory() as folder:
        if not config.DATA.ROOT:
            write_pictures(Path(folder), config.DATA.CROP_SIZE)
            config = load_config(arguments.cfg, [*arguments.opts, "DATA.NAME", "folders", "DATA.ROOT", folder])
        data, size = load_split(config, "train"), config.TRAIN.BATCH_SIZE
        order = [i % len(data) for i in range(size * (arguments.batches + PREFETCHED))]
        batches = training_batches(data, order, config, 0)
        crops, targets = next(batches)
        # As many batches wait when the clock starts as when it stops.
        loading = seconds_of(lambda: next(batches), arguments.batches - 1)
        batches.close()
    step = choose_step(config, device)(config, build_model(config), 1000)
    training = seconds_of(lambda: step(crops, targets), arguments.batches - 1)
    row = [config.NAME, config.DATA.NAME, config.DATA.CROP_SIZE, size, usable_cores(), PREFETCHED, device]
    row += [round(size / loading), round(size / training, 1), round(training / loading, 1), git_sha()]
    with open(arguments.out, "a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, row] if not file.tell() else [row])
    print(", ".join(f"{name} {value}" for name, value in zip(COLUMNS, row, strict=True)))


def seconds_of(work, times: int) -> float:
    """The mean seconds of a call of `work`, after one that does not count."""
    work()
    return timeit.timeit(work, number=times) / times


def write_pictures(folder: Path, side: int) -> None:
    """64 JPEG pictures a class, as smooth as photographs, laid out as class folders."""
    rng = np.random.default_rng(0)
    for name in EXPR:
        (folder / "train" / name).mkdir(parents=True)
        for number in range(64):
            picture = cv2.resize(rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8), (side, side))
            cv2.imwrite(str(folder / "train" / name / f"{number}.jpg"), picture)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
