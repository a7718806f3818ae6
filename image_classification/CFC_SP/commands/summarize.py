# SPDX-License-Identifier: Apache-2.0
"""Computes statistics of results: how much, how often and how long faces show each label, by clip, face and group.

cfc-sp summarize output
cfc-sp summarize -groups groups.csv output

The folder is the one that `cfc-sp predict` wrote to with -out. Tables and a page go to -out. If a clip has two faces, the tables also
say what they show together, and which of them follows the other.
"""

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the results of clips: a folder for each clip, with frames.csv and result.json")
    parser.option("groups", metavar="CSV", help="a table with the columns clip and group, to compare groups of clips")
    parser.option("out", default="summary", metavar="FOLDER", help="receives the tables and the page (default: summary)")
    parser.option("seed", type=int, default=0, metavar="N", help="seed of the resampling for intervals (default: 0)")


def run(arguments) -> None:
    import sys
    from pathlib import Path

    from ..behaviour.statistics_lines import lines_of_statistics
    from ..behaviour.statistics_tables import PAGE, summarize

    statistics = summarize(arguments.folder, arguments.groups, arguments.out, arguments.seed)
    for note in statistics.notes:
        print(note, file=sys.stderr)
    print("\n".join(lines_of_statistics(statistics)))
    for name in (*(f"{table}.csv" for table in statistics.tables), PAGE):
        print(f"  {Path(arguments.out) / name}")


IMPORTS_PADDLE = False
