# SPDX-License-Identifier: Apache-2.0
"""The console command `cfc-sp`: the entry scripts and the rest of what a person needs, as sub-commands."""

import argparse
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP import evaluate, export_model, main_single_gpu, predict
from image_classification.CFC_SP.commands import (
    compare_engines,
    export_onnx,
    make_stand_in,
    measure_agreement,
    port_weights,
    prepare_affwild2,
    reproduce_tables,
    serve,
    summarize,
    unpack_bundle,
)
from image_classification.CFC_SP.support.command_line import Parser, guarded, open_standard_streams

# Saying versions waits for no Paddle; each command says for itself whether it does.
IMPORTS_PADDLE = False
COMMANDS = {
    "predict": predict,
    "summarize": summarize,
    "train": main_single_gpu,
    "evaluate": evaluate,
    "agree": measure_agreement,
    "export": export_model,
    "engines": compare_engines,
    "onnx": export_onnx,
    "unpack": unpack_bundle,
    "port": port_weights,
    "serve": serve,
    "prepare": prepare_affwild2,
    "stand-in": make_stand_in,
    "tables": reproduce_tables,
}


def add_options(parser: Parser) -> None:
    parser.add_argument("-version", "--version", action=_Version, nargs=0, help="say versions, device and bundle")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, script in COMMANDS.items():
        script.add_options(commands.add_parser(name, help=script.__doc__.splitlines()[0], description=script.__doc__))


def main(argv: list[str] | None = None) -> int:
    """Runs one sub-command and returns its exit code."""
    open_standard_streams()
    parser = Parser(prog="cfc-sp", description="Facial expressions in video: CFC-SP on PaddlePaddle.")
    add_options(parser)
    arguments = parser.parse_args(argv)
    return guarded(COMMANDS[arguments.command].run, arguments)


class _Version(argparse.Action):
    """Prints versions when it is met. They are looked up only then: Paddle takes seconds to import."""

    def __call__(self, parser, namespace, values, option_string=None):
        parser.exit(guarded(_print_versions, namespace))


def _print_versions(arguments) -> None:
    from image_classification.CFC_SP.prediction.versions import describe_versions

    print(describe_versions())


if __name__ == "__main__":
    sys.exit(main())
