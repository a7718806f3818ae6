# SPDX-License-Identifier: Apache-2.0
"""What the tools that make a trained network of others share: their options, and a run that is not written over."""

from pathlib import Path

from image_classification.CFC_SP.support.command_line import Parser
from image_classification.CFC_SP.support.errors import UserError


def add_run_options(parser: Parser) -> None:
    parser.option("data", required=True, metavar="PATH", help="the data set of the training")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives best.safetensors")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")


def begin_run(arguments) -> tuple[str, Path]:
    """The device chosen and the best.safetensors to write; raises UserError where that is, and as `select_device` does."""
    from image_classification.CFC_SP.support.device import select_device

    out = arguments.out / "best.safetensors"
    if out.exists():
        raise UserError(f"{out} exists already: choose another -out, or remove it")
    return select_device(arguments.device), out


def say_scores(out: Path, scores: dict[str, float]) -> None:
    print(f"{out}: {', '.join(f'{name} {value}' for name, value in scores.items())}")
