"""Writes the ONNX files of a bundle's networks beside its programs, for `-engine openvino` and for other runtimes.

python tools/export_onnx.py -bundle bundles/mine

Needs the packages of requirements-onnx.txt. Nothing is written unless ONNX Runtime and OpenVINO give Paddle's outputs.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("bundle", required=True, metavar="FOLDER", help="a bundle's folder, or the name of a shipped one")


def run(arguments) -> None:
    from image_classification.CFC_SP.exporting.onnx_export import write_onnx

    for path in write_onnx(arguments.bundle):
        print(path)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
