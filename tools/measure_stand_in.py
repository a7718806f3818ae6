# SPDX-License-Identifier: Apache-2.0
"""Where a bundle's detector finds the faces of simulated clips.

python tools/measure_stand_in.py -data standin -out results/scores/stand-in.csv

The folder -data was made by `cfc-sp stand-in`. Of the frames that fully show a face, one row a split: the share in which it is found, how
far the found box's centre is from the picture's, in sides of the picture, and the box's longer side over the picture's.
"""

import csv
import json
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

COLUMNS = (
    *("split", "frames", "found", "distance_median", "distance_p90", "side_p10", "side_median", "side_p90"),
    *("every", "seed", "bundle_sha256", "git_sha"),
)


def add_options(parser: Parser) -> None:
    parser.option("data", required=True, type=Path, metavar="FOLDER", help="the simulated data set")
    parser.option("every", type=int, default=5, metavar="N", help="look at every N-th frame (default: 5)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="the bundle whose face detector is used (default: lite)")
    parser.option("out", type=Path, metavar="CSV", help="where to write the rows")


def run(arguments) -> None:
    import numpy as np

    from image_classification.CFC_SP.data.affwild2 import annotation_files
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.face_detector import make_detector
    from image_classification.CFC_SP.preparing.stand_in import MANIFEST, SPLITS
    from image_classification.CFC_SP.support.files import atomic_path, git_sha

    bundle = open_bundle(arguments.bundle)
    detector = make_detector(bundle)
    seed = json.loads((arguments.data / MANIFEST).read_text(encoding="utf-8"))["seed"]
    rows = []
    for split in SPLITS:
        names = [path.stem for path in annotation_files(arguments.data, split)]
        offsets = np.array([offset for name in names for offset in compare(arguments.data, name, detector, arguments.every)])
        distance, side = offsets[~np.isnan(offsets).any(1)].T
        figures = [np.mean(~np.isnan(offsets[:, 0])), *np.percentile(distance, (50, 90)), *np.percentile(side, (10, 50, 90))]
        known = (arguments.every, seed, bundle.sha256, git_sha())
        rows.append((split, len(offsets), *(f"{figure:.4f}" for figure in figures), *known))
        print(", ".join(f"{name} {value}" for name, value in zip(COLUMNS[:8], rows[-1], strict=False)))
    if arguments.out:
        with atomic_path(arguments.out) as path, open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def compare(root: Path, name: str, detector, every: int) -> list[tuple[float, float]]:
    """The distance and the relative side of the largest face found in every `every`-th frame with a face; NaN where none is found."""
    import numpy as np

    from image_classification.CFC_SP.preparing.face_crops import pick_face
    from image_classification.CFC_SP.support.csv_files import read_records
    from image_classification.CFC_SP.video.reader import open_video

    rows = read_records(root / "boxes" / f"{name}.csv")
    truth = {int(row["frame"]): [float(row[key]) for key in ("x", "y", "side")] for row in rows}
    found = []
    with open_video(root / "videos" / f"{name}.mp4") as reader:
        for frame in reader:
            if frame.index % every or frame.index not in truth:
                continue
            x, y, side = truth[frame.index]
            boxes = detector.detect(frame.image).boxes
            chosen = pick_face(boxes, frame.image.shape[1], None)
            if chosen is None:
                found.append((np.nan, np.nan))
                continue
            x1, y1, x2, y2 = boxes[chosen]
            found.append((np.hypot((x1 + x2) / 2 - x, (y1 + y2) / 2 - y) / side, max(x2 - x1, y2 - y1) / side))
    return found


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
