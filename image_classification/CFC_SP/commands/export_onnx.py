# SPDX-License-Identifier: Apache-2.0
"""Writes ONNX files of a bundle's networks into the bundle, for `-engine onnxruntime` or `openvino`, and for other runtimes.

cfc-sp onnx -bundle bundles/mine

The files are written only if ONNX Runtime and OpenVINO give the same outputs as Paddle.
"""

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.option("bundle", required=True, metavar="FOLDER", help="a bundle's folder, or the name of a shipped one")


def run(arguments) -> None:
    from ..exporting.onnx_export import write_onnx

    for path in write_onnx(arguments.bundle):
        print(path)
