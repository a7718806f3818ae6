# SPDX-License-Identifier: Apache-2.0
"""Measures how far two annotations of a clip agree: ours and a person's, or two people's.

cfc-sp agree -out agreement output/clip coder.eaf
cfc-sp agree -mapping labels.yaml output/clip coder.TextGrid
cfc-sp agree anna.csv ben.boris

An annotation is a folder that predict wrote, or a file whose name ends in .eaf, .TextGrid, .vtt, .srt, .boris, .parquet, .json or .csv;
a plain CSV has the columns start_s, end_s and label, and may have track. What both say at the same times is compared: Cohen's kappa, F1
of each class, and the longest disagreements. -mapping is a YAML file, or a CSV of the columns label and class, which says what other
labels mean; in YAML `tracks` may say which tier is which track, and `gaps` what it means where a person marked nothing.
"""

from pathlib import Path

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.add_argument("ours", metavar="OURS", help="a folder of results, or an annotation file")
    parser.add_argument("theirs", metavar="THEIRS", help="what it is compared with, taken as the truth for F1")
    add_agreement_options(parser)
    parser.option("out", metavar="FOLDER", help="write tables and a picture of the confusion to this folder")


def add_agreement_options(parser: Parser) -> None:
    """Adds what every command asks for that compares labels of people with others."""
    parser.option("mapping", metavar="FILE", help="YAML or CSV: what labels and tiers of other people mean")
    parser.option("every", type=float, default=0.04, metavar="S", help="seconds between two looks (default: 0.04)")


def run(arguments) -> None:
    from ..scoring.agreement_report import lines_of_agreement, write_agreement
    from ..scoring.label_mapping import LabelMapping, read_mapping
    from ..scoring.rater_agreement import compare
    from ..writers.annotation_reading import read_annotation

    mapping = read_mapping(arguments.mapping) if arguments.mapping else LabelMapping()
    ours = read_annotation(arguments.ours)
    clip = Path(ours.media or arguments.ours).stem
    theirs = read_annotation(arguments.theirs, clip)
    names = Path(arguments.ours).name or arguments.ours, Path(arguments.theirs).name
    comparison = compare(ours, theirs, mapping, arguments.every, names)
    print("\n".join(lines_of_agreement(comparison.tracks, names)))
    for note in comparison.notes:
        print(f"Note: {note}.")
    for path in write_agreement(comparison.tracks, arguments.out, names) if arguments.out else []:
        print(path)
