# SPDX-License-Identifier: Apache-2.0
"""How a bundle bears what real footage does to faces: appends to robustness.csv the accuracy on pictures and the labels kept on clips.

python tools/robustness.py -data ferplus.zip -clips a.mp4 b.mp4
python tools/robustness.py -data ferplus.zip -only blur noise -split test

Pictures are disturbed as face crops. Of a clip every frame is disturbed before its faces are looked for; `found` is the share of its
faces that are found again, `agreement` the share of those whose raw label stays.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.tables.rooms import RESULTS, SCORES


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("data", metavar="PATH", help="FER+ as zip or folder, for the accuracy")
    parser.option("split", default="val", choices=("val", "test"), help="of the data (default: val)")
    parser.option("clips", nargs="+", default=[], type=Path, metavar="FILE", help="clips, for the labels kept")
    parser.option("frames", type=int, metavar="N", help="the first frames of each clip alone (default: all)")
    parser.option("only", nargs="+", metavar="NAME", help="these disturbances (default: all)")
    parser.option("out", type=Path, default=RESULTS / SCORES, metavar="FOLDER", help="receives the rows (default: results/scores/)")


def run(arguments) -> None:
    from image_classification.CFC_SP.support.errors import UserError
    from tools.benchmarks.measuring import append_rows
    from tools.footage.disturbances import DISTURBANCES
    from tools.footage.robustness_rows import on_clip, on_pictures

    names = [disturbance.name for disturbance in DISTURBANCES]
    unknown = [name for name in arguments.only or [] if name not in names]
    if unknown:
        raise UserError(f"-only: expected some of {', '.join(names)}, found {unknown[0]!r}")
    if not arguments.data and not arguments.clips:
        raise UserError("expected -data, -clips or both, found neither: say what to disturb")
    chosen = [disturbance for disturbance in DISTURBANCES if disturbance.name in (arguments.only or names)]
    sources = [on_pictures(arguments.bundle, arguments.data, arguments.split, chosen)] if arguments.data else []
    sources += [on_clip(arguments.bundle, path, arguments.frames, chosen) for path in arguments.clips]
    for rows in (rows for source in sources for rows in source):
        for row in rows:
            print(f"{row['data']}: {row['disturbance']} {row['meaning']}: {row['metric']} {row['value']} of {row['count']}", flush=True)
        append_rows(arguments.out / "robustness.csv", rows)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
