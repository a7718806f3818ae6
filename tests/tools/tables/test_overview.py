# SPDX-License-Identifier: Apache-2.0
import csv

import pytest

from tools.footage.clip_scores import CHANGES, MACRO
from tools.tables.overview import WIDTH, bundles, figures
from tools.weights.shipped import shipped

AROUND = {"machine": "A CPU", "cores": 2, "memory_gb": 25.0, "threads": 1, "paddle": "3.3.1", "git_sha": "abcdef0123"}


@pytest.fixture
def write(tmp_path):
    """Writes rows to a CSV of a folder of results; returns the folder."""

    def write(name, *rows):
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path

    return write


def score(metric, value, bundle="lite", flip=False, split="test"):
    known = {"bundle": bundle, "data": "ferplus", "split": split, "pictures": 3153, "flip": flip}
    return known | {"metric": metric, "value": value}


def test_a_bundle_stands_with_what_prediction_computes(write):
    write("scores/evaluate", score("accuracy", 0.7), score("accuracy", 0.8774), score("accuracy", 0.99, flip=True))
    clip = {"clip": "portrait_720p.mp4", "bundle": "lite", "bundle_sha256": "new", "engine": "onednn"} | {
        "measure": "frames_per_s",
        "median": 118.6,
        **AROUND,
    }
    sp, tau = shipped()["lite"]["sp"], shipped()["lite"]["prior"]["tau"]
    mode = {"bundle": "lite", "smoothing": sp["kind"], "window": sp["window"], "prior": tau}
    write(
        "scores/clip-metrics",
        mode | {"metric": MACRO, "raw": 0.72, "smoothed": 0.884},
        mode | {"window": 1, "metric": MACRO, "raw": 0, "smoothed": 0},
    )
    lines = bundles(write("speed/benchmark-clips", clip | {"clip": "other.mp4", "median": 1}, clip)).splitlines()
    assert lines[2].startswith("| `lite` | 88% | 87.7% | 119 | 9.") and lines[2].endswith(" | Apache-2.0; face detector MIT |")
    assert lines[3].startswith("| `lite-fast` | not measured | not measured | not measured | 6.")
    assert all(words in " ".join(lines[5:]) for words in ("3,153 test pictures", "A CPU"))
    assert max(map(len, lines)) <= WIDTH


def test_figures_have_names(write):
    write("scores/evaluate", score("accuracy", 0.8774), score("macro_f1", 0.7314), score("accuracy", 0.8822, flip=True))
    network = {"network": "mobilenet_face", "channels": 1, "side": 88, "engine": "onednn", "batch": 8, "median": 6.06, **AROUND}
    write("speed/benchmark-networks", network, network | {"batch": 1, "median": 9}, network | {"engine": "cpu", "median": 30})
    sp, tau = shipped()["lite"]["sp"], shipped()["lite"]["prior"]["tau"]
    mode = {"bundle": "lite", "smoothing": sp["kind"], "window": sp["window"], "prior": tau}
    clips = [
        mode | {"metric": MACRO, "raw": 0.72, "smoothed": 0.75},
        mode | {"metric": "Anger", "raw": 0.4, "smoothed": 0.45},
        mode | {"metric": CHANGES, "raw": 1.873, "smoothed": 0.344},
    ]
    write("scores/clip-metrics", *clips, clips[0] | {"window": 1, "smoothed": 0.1})
    epoch = {"val_accuracy": 0.5, "val_macro_f1": 0.7, "seconds": 60}
    results = write("training/mine", epoch, epoch | {"val_accuracy": 0.9, "val_macro_f1": 0.6, "seconds": 90})
    found = figures(results)
    expected = {
        **{"lite-test-accuracy": "87.7%", "lite-test-macro-f1": "0.731", "lite-test-accuracy-flip-averaged": "88.2%"},
        **{"test-pictures": "3,153", "lite-ms-a-face": "6.1 ms", "lite-fast-ms-a-face": "not measured", "start": "not measured"},
        **{
            "lite-clips-right": "75%",
            "lite-raw-clips-right": "72%",
            "lite-clips-anger": "45%",
            "lite-clips-changes": "0.34",
            "lite-raw-clips-changes": "1.87",
        },
        **{"mine-minutes": "2", "mine-epochs": "2", "mine-val-accuracy": "50.0%", "mine-val-macro-f1": "0.700"},
    }
    assert {name: found.get(name) for name in expected} == expected
