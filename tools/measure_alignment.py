# SPDX-License-Identifier: Apache-2.0
"""Whether turning faces upright helps a bundle: scores on labelled clips, with and without, as they are and tilted.

python tools/measure_alignment.py -bundle lite -clips FOLDERS -out results/scores/alignment.csv

A folder holds clips and labels.csv, as for tools/score_clips.py. Frames are turned about their centre before faces are looked for. A row
is a kind of DATA.ALIGN, a tilt and a metric: the mean over ranges, or over classes, of the share of frames with the right label.
"""

import csv
import sys
from dataclasses import replace
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

TILTS = (0, 20)
COLUMNS = ("bundle", "bundle_sha256", "align", "tilt", "clips", "metric", "raw", "smoothed", "git_sha")


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("clips", required=True, nargs="+", type=Path, metavar="FOLDER", help="clips with labels.csv")
    parser.option("out", type=Path, metavar="CSV", help="receives the rows, after those that are there")


def run(arguments) -> None:
    from image_classification.CFC_SP.core.alignment import ALIGNMENTS
    from image_classification.CFC_SP.inference.loaded_model import load_model
    from image_classification.CFC_SP.inference.mode import mode_of
    from image_classification.CFC_SP.support.files import git_sha
    from tools.footage.clip_scores import MACRO, RANGES, read_ranges, score_metrics
    from tools.footage.observed_clips import observe, rows_in_mode

    model = load_model(arguments.bundle)
    ranges = [entry for folder in arguments.clips for entry in read_ranges(folder)]
    known = {"bundle": model.bundle.manifest["name"], "bundle_sha256": model.bundle.sha256, "git_sha": git_sha()}
    rows = []
    for align in ALIGNMENTS:
        crop = model.bundle.manifest["crop"] | {"align": align}
        aligned = replace(model, bundle=replace(model.bundle, manifest=model.bundle.manifest | {"crop": crop}))
        for tilt in TILTS:
            clips = {path: observe(aligned, path, tilt) for path in dict.fromkeys(entry["path"] for entry in ranges)}
            decided = {path: rows_in_mode(aligned, clip, mode_of(model.bundle)) for path, clip in clips.items()}
            for metric in score_metrics(ranges, decided):
                if metric["metric"] in (MACRO, RANGES):
                    scores = {key: metric[key] for key in ("metric", "raw", "smoothed")}
                    rows.append(known | {"align": align, "tilt": tilt, "clips": len(clips)} | scores)
                    print(f"{known['bundle']}, {align}, {tilt} degrees, {metric['metric']}: {metric['smoothed']:.3f}", flush=True)
    model.predictor.close()
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        with open(arguments.out, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if not file.tell():
                writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
