"""Scores a bundle on real clips with labelled ranges of frames: `python tools/score_clips.py -clips FOLDER -out results/clips.csv`.

FOLDER holds the clips and labels.csv (clip, first_frame, last_frame, label). A label is a coarse class, `no_face`, or `cut`, a shot
whose tracks must be its own. For a class the shares are those of the range's frames whose coarse class is right, before and after
smoothing; for `no_face` and `cut` they are 1 or 0: kept or broken.
"""

import csv
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.entry import Parser, run_script

COLUMNS = ("bundle_sha256", "clip", "first_frame", "last_frame", "label", "raw_share", "smoothed_share", "git_sha")


def score_clips(folder: Path, bundle: str) -> tuple[list[dict], float, float]:
    """One row a range, and the means over the ranges of a class: (rows, raw share, smoothed share)."""
    from image_classification.CFC_SP.analysis import predict_video
    from image_classification.CFC_SP.files import git_sha

    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        ranges = list(csv.DictReader(file))
    results = {name: predict_video(folder / name, bundle=bundle) for name in sorted({entry["clip"] for entry in ranges})}
    rows = []
    for entry in ranges:
        result = results[entry["clip"]]
        first, last = int(entry["first_frame"]), int(entry["last_frame"])
        inside = result.rows[first : last + 1]
        if entry["label"] in COARSE:
            shares = [sum(_coarse(getattr(face, name)) == entry["label"] for frame in inside for face in frame.faces[:1]) / len(inside)
                      for name in ("raw_label", "label")]  # fmt: skip
        elif entry["label"] == "no_face":
            shares = [float(not any(frame.faces for frame in inside))] * 2
        else:
            tracks = {face.track for frame in inside for face in frame.faces}
            elsewhere = {face.track for frame in result.rows if not first <= frame.frame <= last for face in frame.faces}
            shares = [float(not tracks & elsewhere)] * 2
        rows.append(
            {
                "bundle_sha256": result.summary.bundle["sha256"],
                **{name: entry[name] for name in ("clip", "first_frame", "last_frame", "label")},
                "raw_share": round(shares[0], 4),
                "smoothed_share": round(shares[1], 4),
                "git_sha": git_sha(),
            }
        )
    scored = [row for row in rows if row["label"] in COARSE]
    return rows, *(sum(row[name] for row in scored) / len(scored) for name in ("raw_share", "smoothed_share"))


def _coarse(label: str) -> str:
    return COARSE[EXPR_TO_COARSE[EXPR.index(label)]]


def add_options(parser: Parser) -> None:
    parser.option("clips", required=True, type=Path, metavar="FOLDER", help="clips with labels.csv")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("out", type=Path, metavar="CSV", help="where to write the rows")


def run(arguments) -> None:
    rows, raw, smoothed = score_clips(arguments.clips, arguments.bundle)
    for row in rows:
        shares = f"{row['raw_share']:.2f} {row['smoothed_share']:.2f}"
        print(f"{row['clip']:<28} {row['first_frame']:>4}-{row['last_frame']:<4} {row['label']:<10} {shares}")
    print(f"mean over the ranges of a class: raw {raw:.1%}, smoothed {smoothed:.1%}")
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
