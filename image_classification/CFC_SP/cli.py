"""The console command `cfc-sp`: the entry scripts as sub-commands."""

import argparse
import sys

from . import evaluate, export_model, main_single_gpu, predict
from .support.command_line import Parser, guarded

COMMANDS = {"predict": predict, "train": main_single_gpu, "evaluate": evaluate, "export": export_model}


def main(argv: list[str] | None = None) -> int:
    """Runs one sub-command and returns its exit code."""
    parser = Parser(prog="cfc-sp", description="Facial expressions in video: CFC-SP on PaddlePaddle.")
    parser.add_argument("-version", "--version", action=_Version, nargs=0, help="say versions, device and bundle")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, script in COMMANDS.items():
        script.add_options(commands.add_parser(name, help=script.__doc__.splitlines()[0], description=script.__doc__))
    arguments = parser.parse_args(argv)
    return guarded(COMMANDS[arguments.command].run, arguments)


class _Version(argparse.Action):
    """Prints versions when it is met. They are looked up only then: Paddle takes seconds to import."""

    def __call__(self, parser, namespace, values, option_string=None):
        parser.exit(guarded(_print_versions, namespace))


def _print_versions(arguments) -> None:
    from .prediction.versions import describe_versions

    print(describe_versions())


if __name__ == "__main__":
    sys.exit(main())
