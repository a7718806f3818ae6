# SPDX-License-Identifier: Apache-2.0
"""Turns the networks of a bundle back into runs, to score, distil or train on from them.

cfc-sp unpack -bundle lite -out output
cfc-sp unpack -bundle lite-fast -out output -data ferplus.zip

Writes <config>/best.safetensors to -out for each network that was trained here. A fused RepVGG gets its branches back, which compute
the same. Fusing removed their statistics: to train such a network further, or to average it, give the data set too. Weights have the
half precision of the bundle.
"""

from pathlib import Path

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives one folder a network")
    parser.option("data", metavar="PATH", help="the data set that a fused network was trained on, to measure its statistics again")


def run(arguments) -> None:
    from ..exporting.unpacking import unpack
    from ..inference.bundle import open_bundle
    from ..support.errors import UserError

    bundle = open_bundle(arguments.bundle)
    trained = {network["training"]["config"]: network for network in bundle.manifest["networks"] if network["origin"] == "trained"}
    if not trained:
        raise UserError(f"{arguments.bundle}: expected networks that were trained here, found none")
    if there := [name for name in trained if (arguments.out / name).exists()]:
        raise UserError(f"{arguments.out / there[0]} exists already: choose another -out, or remove it")
    for name, network in trained.items():
        print(unpack(bundle, network, arguments.out / name, arguments.data))
