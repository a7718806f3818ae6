"""Scores bundles on real clips with labelled ranges of frames: `python tools/score_clips.py -clips FOLDER -out results/scores`.

FOLDER holds the clips and labels.csv (clip, first_frame, last_frame, label). A label is a coarse class, `no_face`, or `cut`, a shot
whose tracks must be its own. For a class the shares are those of the range's frames whose coarse class is right, before and after
smoothing; for `no_face` and `cut` they are 1 or 0: kept or broken. clips.csv has them, flips.csv how often labels change, of all the
bundles that were named.
"""

import csv
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("clips", required=True, type=Path, metavar="FOLDER", help="clips with labels.csv")
    parser.option("bundle", nargs="+", metavar="FOLDER", help="bundles' folders, or the names of shipped ones (default: all that ship)")
    parser.option("out", type=Path, metavar="FOLDER", help="receives clips.csv and flips.csv")


def run(arguments) -> None:
    from image_classification.CFC_SP.prediction.recognizer import predict_video
    from tools.footage.clip_scores import FLIP_COLUMNS, RANGE_COLUMNS, count_flips, read_ranges, score_ranges
    from tools.weights.shipped import shipped

    ranges, rows, flips = read_ranges(arguments.clips), [], []
    names = sorted({entry["clip"] for entry in ranges})
    for bundle in arguments.bundle or shipped():
        results = {name: predict_video(arguments.clips / name, bundle=bundle) for name in names}
        own, raw, smoothed = score_ranges(ranges, results)
        rows += own
        flips += count_flips(results)
        for row in own:
            shares = f"{row['raw_share']:.2f} {row['smoothed_share']:.2f}"
            print(f"{row['clip']:<28} {row['first_frame']:>4}-{row['last_frame']:<4} {row['label']:<10} {shares} {row['said']}")
        print(f"{bundle}: mean over the ranges of a class: raw {raw:.1%}, smoothed {smoothed:.1%}")
    for row in flips:
        rates = f"{row['raw_flips']:.2f} changes of label a second, {row['flips']:.2f} smoothed"
        print(f"{row['bundle']}: {row['clip']:<28} {rates}, in {row['face_seconds']} s")
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for name, columns, lines in (("clips", RANGE_COLUMNS, rows), ("flips", FLIP_COLUMNS, flips)):
            with open(arguments.out / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(lines)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
