# SPDX-License-Identifier: Apache-2.0
"""Scores bundles on real clips with labelled ranges of frames: `python tools/score_clips.py -clips FOLDER ... -out results/scores`.

A folder holds clips and labels.csv (clip, first_frame, last_frame, label, note). A label is a class, the coarse `Negative`, `no_face`,
or `cut`, a shot whose tracks must be its own; neutral faces whose note says "talking" are a group of their own. Writes clips.csv, a row
a range, and clip-metrics.csv, a row a group of ranges and a row each for their mean, the changes of the label and the calibration error,
before and after smoothing. Rows of other bundles and modes stay.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

# The paper's mode, and the bundle's own.
MODES = "logits:256:data", "own"


def add_options(parser: Parser) -> None:
    parser.option("clips", required=True, nargs="+", type=Path, metavar="FOLDER", help="clips with labels.csv")
    parser.option("bundle", nargs="+", metavar="FOLDER", help="bundles' folders, or the names of shipped ones (default: all that ship)")
    modes = f"KIND:FRAMES:PRIOR each, or own for the bundle's (default: {' '.join(MODES)})"
    parser.option("modes", nargs="+", default=MODES, metavar="MODE", help=modes)
    parser.option("out", type=Path, metavar="FOLDER", help="receives clips.csv and clip-metrics.csv")


def run(arguments) -> None:
    from image_classification.CFC_SP.inference.loaded_model import load_model
    from image_classification.CFC_SP.support.files import git_sha
    from tools.footage.clip_scores import METRIC_COLUMNS, RANGE_COLUMNS, read_ranges, score_metrics, score_ranges
    from tools.footage.observed_clips import modes_of, observe, rows_in_mode
    from tools.footage.score_files import replace_rows
    from tools.weights.shipped import shipped

    ranges = [entry for folder in arguments.clips for entry in read_ranges(folder)]
    for name in arguments.bundle or shipped():
        model = load_model(name)
        modes = modes_of(model.bundle, arguments.modes)
        observed = {path: observe(model, path) for path in dict.fromkeys(entry["path"] for entry in ranges)}
        for mode in modes:
            clips = {path: rows_in_mode(model, clip, mode) for path, clip in observed.items()}
            known = {"bundle": model.bundle.manifest["name"], "bundle_sha256": model.bundle.sha256, "git_sha": git_sha()}
            known |= {"smoothing": mode.kind, "window": mode.window, "prior": mode.tau}
            metrics = [known | row for row in score_metrics(ranges, clips)]
            print(f"{name}: {mode.kind} over {mode.window} frames, prior {mode.tau:g}")
            for row in metrics:
                figures = f"{row['raw']:.3f} before, {row['smoothed']:.3f} after ({row['smoothed_low']:.3f} to {row['smoothed_high']:.3f})"
                print(f"  {row['metric']:<20} {row['ranges']:>3} ranges, {row['persons']:>2} people: {figures}", flush=True)
            if arguments.out:
                arguments.out.mkdir(parents=True, exist_ok=True)
                replace_rows(arguments.out / "clips.csv", RANGE_COLUMNS, [known | row for row in score_ranges(ranges, clips)])
                replace_rows(arguments.out / "clip-metrics.csv", METRIC_COLUMNS, metrics)
        model.predictor.close()


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
