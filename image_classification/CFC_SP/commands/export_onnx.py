# SPDX-License-Identifier: Apache-2.0
"""Writes ONNX files of a bundle's networks beside its programs, for `-engine openvino` and for other runtimes.

cfc-sp onnx -bundle bundles/mine

Nothing is written unless ONNX Runtime and OpenVINO give Paddle's outputs.
"""

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.option("bundle", required=True, metavar="FOLDER", help="a bundle's folder, or the name of a shipped one")


def run(arguments) -> None:
    from ..exporting.onnx_export import write_onnx

    for path in write_onnx(arguments.bundle):
        print(path)
