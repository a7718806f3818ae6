# SPDX-License-Identifier: Apache-2.0
"""Exports trained networks as a bundle of static programs, and checks their parity before it writes the bundle.

python export_model.py -coarse coarse/best.safetensors -negative negative/best.safetensors -out bundles/mine
python export_model.py -cfg configs/table2.yaml -row 9 -runs output -calibrate affwild2 -dataset affwild2 -out bundles/paper
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    networks = "of one or more {} networks; a flat network serves either stage, or both"
    parser.option("coarse", nargs="+", metavar="FILE", help=f"best.safetensors {networks.format('coarse')}")
    parser.option("negative", nargs="+", metavar="FILE", help=f"best.safetensors {networks.format('negative')}")
    parser.option("cfg", metavar="YAML", help="instead of -coarse and -negative: a config whose CASCADE names the runs of each stage")
    parser.option("row", type=int, metavar="N", help="with -cfg: the row of a file with several rows, such as configs/table2.yaml")
    parser.option(
        "runs", default="output", metavar="FOLDER", help="the folder that holds the config's runs, one folder each (default: output)"
    )
    parser.option("random", action="store_true", help="with -cfg: seeded random weights, to try the networks' size and speed")
    parser.option("out", required=True, metavar="FOLDER", help="the bundle's folder; its last part is the bundle's name")
    parser.option(
        "calibrate",
        metavar="PATH",
        help="data whose validation split fits the temperatures (default: none; they are then 1, as in the paper)",
    )
    parser.option("dataset", default="ferplus", help="the kind of the data set of -calibrate (default: ferplus)")
    parser.option("onnx", action="store_true", help="also write ONNX files; needs paddle2onnx, onnxruntime and openvino")
    parser.option(
        "batch", type=int, metavar="N", help="crops per run of the networks (default: 8 to 32, depending on their input; a GPU takes more)"
    )
    parser.option("licence", default="not stated", metavar="WORDS", help="licence of the weights, for the manifest")


def run(arguments) -> None:
    from image_classification.CFC_SP.core.cascade_settings import Temperature
    from image_classification.CFC_SP.exporting import export_bundle
    from image_classification.CFC_SP.exporting.members import sources_of_cascade
    from image_classification.CFC_SP.exporting.prior import with_shares
    from image_classification.CFC_SP.exporting.temperatures import fit_temperatures
    from image_classification.CFC_SP.support.device import select_device
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.weights.trained import trained_config

    select_device("cpu")
    by_name, by_file = bool(arguments.cfg), [bool(arguments.coarse), bool(arguments.negative)]
    if by_file != [not by_name] * 2 or ((arguments.random or arguments.row is not None) and not by_name):
        raise UserError("expected both -coarse and -negative, or -cfg in their place (-row and -random with -cfg alone): choose one way")
    config, sources = None, {"coarse": arguments.coarse, "negative": arguments.negative}
    if by_name:
        config, sources = sources_of_cascade(arguments.cfg, arguments.runs, arguments.random, arguments.row)
    if arguments.batch is not None and not 1 <= arguments.batch <= 1024:
        raise UserError(f"-batch: expected 1 to 1024 crops, found {arguments.batch}")
    if arguments.calibrate and arguments.random:
        raise UserError("-calibrate needs trained networks, found -random: leave one of them out")
    temperatures = {stage: [Temperature()] * len(paths) for stage, paths in sources.items()}
    if arguments.calibrate:
        config = config or trained_config(arguments.coarse[0], "coarse", "flat")[0]
        temperatures = fit_temperatures(sources, arguments.dataset, arguments.calibrate, config.SP)
        config = with_shares(config, arguments.dataset, arguments.calibrate)
        for stage, (fitted, *_) in temperatures.items():
            print(f"{stage}: temperature {fitted.own}, with SP {fitted.smoothed}")
    folder = export_bundle(sources, arguments.out, temperatures, arguments.licence, config, arguments.batch)
    if arguments.onnx:
        from image_classification.CFC_SP.exporting.onnx_export import write_onnx

        write_onnx(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {len(list(folder.iterdir()))} files, {size / 1e6:.1f} MB, all programs agree with the eager networks")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
