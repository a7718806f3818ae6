# SPDX-License-Identifier: Apache-2.0
"""What following faces between key frames costs in quality, against a full detection in every frame.

python tools/score_following.py -video a.mp4 b.mov -out results/scores/following.csv

found_share: faces of the full detection that are there; extra: faces that it does not have; landmarks: mean distance in widths of the
face; same_raw, same_label: share of the found faces with the same label before and after smoothing.
"""

import csv
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

COLUMNS = ("clip", "frames", "faces", "found_share", "extra", "landmarks", "same_raw", "same_label", "bundle_sha256", "git_sha")
# Boxes that share this much of their union are one face.
SAME_FACE = 0.5


def compare_faces(detector, path: Path) -> dict:
    """How the followed faces of a clip compare with the detected ones: frames, faces, found_share, extra, landmarks."""
    import numpy as np

    from image_classification.CFC_SP.video.follower import FaceFollower
    from image_classification.CFC_SP.video.reader import open_video

    frames = faces = extra = 0
    apart = []
    with open_video(path) as reader:
        for seen in FaceFollower(detector).follow(reader):
            full = detector.detect(seen.frame.image)
            known, found = _paired(full.boxes, seen.faces.boxes)
            distances = np.linalg.norm(full.landmarks[known] - seen.faces.landmarks[found], axis=2).mean(axis=1)
            apart += (distances / np.ptp(full.boxes[known][:, ::2], axis=1)).tolist()
            frames, faces, extra = frames + 1, faces + len(full), extra + len(seen.faces) - len(found)
    return {
        "frames": frames,
        "faces": faces,
        "found_share": round(len(apart) / max(1, faces), 4),
        "extra": extra,
        "landmarks": round(float(np.mean(apart)), 4) if apart else "",
    }


def compare_labels(recognizer, path: Path) -> dict:
    """The shares of equal labels, same_raw and same_label, where every frame is searched and where faces are followed."""
    import numpy as np

    runs = [recognizer.video(path, search=search).run().rows for search in ("every", "auto")]
    pairs = []
    for one, other in zip(*runs, strict=True):
        boxes = (np.array([face.box for face in result.faces], np.float32).reshape(-1, 4) for result in (one, other))
        pairs += [(one.faces[i], other.faces[j]) for i, j in zip(*_paired(*boxes), strict=True)]
    return {f"same_{name}": round(sum(getattr(a, name_) == getattr(b, name_) for a, b in pairs) / max(1, len(pairs)), 4)
            for name, name_ in (("raw", "raw_label"), ("label", "label"))}  # fmt: skip


def _paired(boxes, others) -> tuple:
    """The numbers of the boxes and of the others that show the same faces."""
    from scipy.optimize import linear_sum_assignment

    from image_classification.CFC_SP.video.detector import intersection_over_union

    overlap = intersection_over_union(boxes, others)
    known, found = linear_sum_assignment(overlap, maximize=True)
    same = overlap[known, found] >= SAME_FACE
    return known[same], found[same]


def add_options(parser: Parser) -> None:
    parser.option("video", nargs="+", type=Path, required=True, metavar="FILE", help="one clip or more")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("out", type=Path, metavar="CSV", help="where to write the rows")


def run(arguments) -> None:
    from image_classification.CFC_SP.prediction.recognizer import Recognizer
    from image_classification.CFC_SP.support.files import git_sha

    rows = []
    with Recognizer(arguments.bundle, "cpu") as recognizer:
        detector = recognizer.model.detector
        for path in arguments.video:
            figures = compare_faces(detector, path) | compare_labels(recognizer, path)
            print(f"{path.name}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))
            rows.append({"clip": path.name, **figures, "bundle_sha256": recognizer.model.bundle.sha256, "git_sha": git_sha()})
    for name in ("found_share", "landmarks", "same_raw", "same_label"):
        weights = [row["faces"] for row in rows if row["faces"]]
        mean = sum(row[name] * row["faces"] for row in rows if row["faces"]) / sum(weights)
        print(f"{name} over all faces: {mean:.4f}")
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
