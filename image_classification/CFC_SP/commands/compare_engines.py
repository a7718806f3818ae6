# SPDX-License-Identifier: Apache-2.0
"""Compares the installed engines on this machine: which runs a bundle's networks fastest, and whether they agree.

cfc-sp engines -bundle lite

Each engine runs in its own process, with the precision and device that `cfc-sp predict` would use. The engines take turns.
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
