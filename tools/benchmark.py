# SPDX-License-Identifier: Apache-2.0
"""Measures speed and memory: every sub-command appends its rows, medians of several runs, to benchmark-<name>.csv.

python tools/benchmark.py clips -video a.mp4 b.mp4
python tools/benchmark.py networks -only repvgg_lite swin_s
python tools/benchmark.py memory -video clip.mp4 -loop 400
"""

import importlib
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.tables.rooms import RESULTS, SPEED

IMPORTS_PADDLE = False
# The module of tools/benchmarks that measures, and what it measures.
COMMANDS = {
    "clips": ("clip_speed", "clips from file to CSV: each stage, the floor, a peer"),
    "networks": ("network_speed", "every backbone: parameters, multiplications, milliseconds a picture"),
    "smoothing": ("smoothing_speed", "smooth predicting over a whole data set"),
    "tables": ("table_speed", "the paper's Tables 2 and 4 from cached logits"),
    "startup": ("startup", "predict.py on a clip of one frame"),
    "memory": ("memory", "predict.py's memory on a long clip"),
    "cluster": ("cluster_speed", "many clips in one process, and on Ray with one worker and with two"),
}

# The others watch processes that import it.
WITH_PADDLE = ("networks", "smoothing", "tables")


def add_options(parser: Parser) -> None:
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    own = {name: commands.add_parser(name, help=what, description=what) for name, (_, what) in COMMANDS.items()}
    for name in ("clips", "startup", "memory", "cluster"):
        own[name].option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    own["clips"].option("video", nargs="+", required=True, metavar="FILE", help="the clips")
    own["clips"].option("engine", default="auto", metavar="NAME", help="as for cfc-sp predict (default: auto)")
    own["clips"].option("precision", default="auto", metavar="NAME", help="as for cfc-sp predict (default: auto)")
    own["clips"].option(
        "peer", metavar="COMMAND", help="another recipe: prints 'N fps' or 'N frames/s' for the clip that it gets as last word"
    )
    own["networks"].option("only", nargs="+", metavar="NAME", help="these backbones (default: all)")
    own["networks"].option("engines", nargs="+", metavar="NAME", help="these engines (default: all that are there)")
    own["networks"].option("limit", type=float, default=900, metavar="S", help="seconds for a network on an engine (default: 900)")
    for name in ("smoothing", "tables"):
        own[name].option("frames", type=int, default=2_800_000, metavar="N", help="default: 2800000, those of Aff-Wild2")
    for name in ("startup", "memory", "cluster"):
        own[name].option("video", required=True, metavar="FILE", help="a clip")
    own["memory"].option("loop", type=int, default=1, metavar="N", help="how often the clip is shown in a row (default: 1)")
    own["memory"].option("settle", type=float, default=60, metavar="S", help="seconds before memory must be flat (default: 60)")
    own["memory"].option("every", type=float, default=2, metavar="S", help="seconds between two looks (default: 2)")
    own["cluster"].option(
        "copies", type=int, default=2, metavar="N", help="clips in the shorter of two calls; the other has 3 N (default: 2)"
    )
    own["cluster"].option("tiny", type=int, default=10_000, metavar="N", help="the most clips of one frame (default: 10000)")
    own["cluster"].option("limit", type=float, default=240, metavar="S", help="seconds for them; fewer are taken (default: 240)")
    for name in ("clips", "networks", "smoothing", "startup"):
        own[name].option("runs", type=int, default=5, metavar="N", help="measurements of each kind (default: 5)")
    for name in COMMANDS:
        own[name].option("out", type=Path, default=RESULTS / SPEED, metavar="FOLDER", help="receives the rows (default: results/speed/)")


def run(arguments) -> None:
    from tools.benchmarks.measuring import append_rows, surroundings

    around = surroundings()
    if arguments.command in WITH_PADDLE:
        importlib.import_module("image_classification.CFC_SP.support.quiet_paddle")
    for rows in importlib.import_module(f"tools.benchmarks.{COMMANDS[arguments.command][0]}").measure(arguments):
        for row in rows:
            print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
        append_rows(arguments.out / f"benchmark-{arguments.command}.csv", [{**row, **around} for row in rows])


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
