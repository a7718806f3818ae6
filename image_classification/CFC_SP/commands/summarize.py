# SPDX-License-Identifier: Apache-2.0
"""Statistics of results: how much, how often and how long each label is shown, by clip, face and group.

cfc-sp summarize output
cfc-sp summarize -groups groups.csv output

The folder is what `cfc-sp predict` wrote to with -out. Tables and a page go to -out. With two faces in a clip it is also told what they
show together, and which follows the other.
"""

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="results of clips, a folder each, with frames.csv and result.json")
    parser.option("groups", metavar="CSV", help="a table with the columns clip and group, by which clips are compared")
    parser.option("out", default="summary", metavar="FOLDER", help="receives the tables and the page (default: summary)")
    parser.option("seed", type=int, default=0, metavar="N", help="of the clips that are drawn again for intervals (default: 0)")


def run(arguments) -> None:
    import sys
    from pathlib import Path

    from ..behaviour.statistics_tables import PAGE, summarize

    statistics = summarize(arguments.folder, arguments.groups, arguments.out, arguments.seed)
    for note in statistics.notes:
        print(note, file=sys.stderr)
    for name in (*(f"{table}.csv" for table in statistics.tables), PAGE):
        print(Path(arguments.out) / name)


IMPORTS_PADDLE = False
