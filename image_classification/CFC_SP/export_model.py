"""Exports trained networks as a bundle of static programs, checked for parity before it is written.

python export_model.py -coarse coarse/best.safetensors -negative negative/best.safetensors -out bundles/mine
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.entry import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("coarse", nargs="+", required=True, metavar="FILE", help="best.safetensors of one or more coarse networks")
    parser.option("negative", required=True, metavar="FILE", help="best.safetensors of the negative network")
    parser.option("out", required=True, metavar="FOLDER", help="the bundle's folder; its last part is the bundle's name")
    parser.option(
        "temperatures", nargs="+", type=float, metavar="T", help="one a network, the negative one last (default: 1, as in the paper)"
    )
    parser.option("onnx", action="store_true", help="write ONNX files too; needs requirements-onnx.txt")
    parser.option("licence", default="not stated", help="licence of the weights, for the manifest")


def run(arguments) -> None:
    from image_classification.CFC_SP.device import select_device
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.exporting import export_bundle

    select_device("cpu")
    temperatures = arguments.temperatures or [1.0] * (len(arguments.coarse) + 1)
    if len(temperatures) != len(arguments.coarse) + 1:
        raise UserError(f"-temperatures: expected {len(arguments.coarse) + 1} numbers, one a network, found {len(temperatures)}")
    folder = export_bundle(arguments.coarse, arguments.negative, arguments.out, (temperatures[:-1], temperatures[-1]), arguments.licence)
    if arguments.onnx:
        from image_classification.CFC_SP.inference.onnx_export import write_onnx

        write_onnx(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {len(list(folder.iterdir()))} files, {size / 1e6:.1f} MB, all programs agree with the eager networks")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
