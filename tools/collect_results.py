"""Writes the tables of README.md from results/*.csv: `python tools/collect_results.py`, or with -check to see that they are current."""

import csv
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.core.labels import COARSE, EXPR
from image_classification.CFC_SP.entry import Parser, run_script
from image_classification.CFC_SP.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- figures: made by tools/collect_results.py -->", "<!-- end of figures -->"


def tables() -> str:
    """The Markdown tables of the newest measurement of each kind."""
    with open(ROOT / "results" / "evaluate.csv", newline="", encoding="utf-8") as file:
        newest = {(row["data"], row["split"], row["flip"], row["metric"]): row for row in csv.DictReader(file)}
    with open(ROOT / "results" / "clips.csv", newline="", encoding="utf-8") as file:
        clips = [row for row in csv.DictReader(file) if row["label"] in COARSE]
    metrics = ["accuracy", "macro_f1", *(f"f1_{name.lower()}" for name in EXPR)]
    lines = ["| FER+, 8 classes, cascade | accuracy | macro-F1 | " + " | ".join(f"F1 {name}" for name in EXPR) + " |", "|---" * 11 + "|"]
    for data, split, flip, metric in newest:
        if metric == "accuracy":
            values = [float(newest[data, split, flip, name]["value"]) for name in metrics]
            what = f"{split}, {newest[data, split, flip, metric]['pictures']} pictures" + (", flip averaged" if flip == "True" else "")
            lines.append(f"| {what} | {values[0]:.1%} | " + " | ".join(f"{value:.3f}" for value in values[1:]) + " |")
    lines += [
        "",
        "| real clips: share of a labelled range's frames with the right coarse class | before smoothing | after |",
        "|---|---|---|",
    ]
    for row in clips:
        name = f"{row['clip']}, frames {row['first_frame']}-{row['last_frame']}, {row['label']}"
        lines.append(f"| {name} | {float(row['raw_share']):.0%} | {float(row['smoothed_share']):.0%} |")
    means = [sum(float(row[name]) for row in clips) / len(clips) for name in ("raw_share", "smoothed_share")]
    return "\n".join([*lines, f"| **mean over ranges** | **{means[0]:.1%}** | **{means[1]:.1%}** |"])


def add_options(parser: Parser) -> None:
    parser.option("check", action="store_true", help="change nothing; fail where the tables are not current")


def run(arguments) -> None:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}\n{tables()}\n{END}{after}"
    if arguments.check and new != text:
        raise UserError("expected README.md to hold the figures of results/, found others: run python tools/collect_results.py")
    if not arguments.check:
        path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
