# SPDX-License-Identifier: Apache-2.0
"""Makes a simulated stand-in for Aff-Wild2: FER+'s validation and test faces as annotated videos of the same form.

cfc-sp stand-in -data ferplus.zip -out standin
cfc-sp prepare -video standin/videos -data standin -size 48 -align none

The validation faces become Validation_Set and the test faces Test_Set; there is no training set. No picture is used twice. Pictures
whose face the bundle's detector misses are left out. README.txt in -out says what is simulated.
"""

import shutil
from pathlib import Path

from ..support.command_line import Parser, add_jobs_option


def add_options(parser: Parser) -> None:
    parser.option("data", required=True, metavar="PATH", help="FER+'s zip or unpacked folder")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="the folder to make; it must not exist yet")
    parser.option("seed", type=int, default=0, metavar="N", help="seed of all random choices (default: 0)")
    parser.option("clips", type=int, default=20, metavar="N", help="number of clips in each split (default: 20)")
    parser.option("seconds", type=float, default=60.0, metavar="S", help="length of each clip (default: 60)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="the bundle whose face detector is used (default: lite)")
    add_jobs_option(parser, "clips")


def run(arguments) -> None:
    from ..preparing.stand_in import Amount, make_stand_in
    from ..support.errors import UserError

    amount = Amount(arguments.seed, arguments.clips, arguments.seconds)
    if arguments.out.exists():
        raise UserError(f"-out {arguments.out}: expected a new folder, found an existing one: choose another, or remove it first")
    part = arguments.out.with_name(f".part-{arguments.out.name}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        make_stand_in(arguments.data, part, arguments.bundle, amount, arguments.jobs)
        part.rename(arguments.out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"done: {arguments.out}")
