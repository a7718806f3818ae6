# SPDX-License-Identifier: Apache-2.0
"""Measures the engines that are installed on a bundle's networks, on this machine, and says which is fastest and whether they agree.

cfc-sp engines -bundle lite

Each runs in a process of its own, in the precision and on the device that `cfc-sp predict` would take, and they take turns.
"""

from ..support.command_line import Parser

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", metavar="NAME", help="auto, cpu, gpu, tensorrt, coreml or directml (default: auto)")
    parser.option("batches", type=int, default=20, metavar="N", help="how many batches each engine runs (default: 20)")


def run(arguments) -> None:
    from ..prediction.engine_comparison import compare_engines, describe_comparison

    print(describe_comparison(compare_engines(arguments.bundle, arguments.device, arguments.batches)))
