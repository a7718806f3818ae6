from image_classification.CFC_SP.core.labels import EXPR
from tests.tools.tables.measured import cells, write
from tools.collect_results import tables


def test_robustness_weighs_clips_by_their_faces(tmp_path):
    def row(disturbance, strength, data, metric, value, count, sha="new"):
        known = {"bundle": "lite", "bundle_sha256": sha, "disturbance": disturbance, "strength": strength, "meaning": ""}
        return {**known, "data": data, "split": "val", "metric": metric, "value": value, "count": count}

    rows = [row("blur", 0.01, "ferplus", "accuracy", 0.1, 9, "old"), row("blur", 0.01, "ferplus", "accuracy", 0.5, 9)]
    rows += [row("blur", 0.01, "a.mp4", "found", 1.0, 30), row("blur", 0.01, "a.mp4", "agreement", 0.5, 30)]
    rows += [row("blur", 0.01, "b.mp4", "found", 0.5, 20), row("blur", 0.01, "b.mp4", "agreement", 1.0, 10)]
    rows.append(row("none", 0, "ferplus", "accuracy", 0.75, 9))
    write(tmp_path, "scores/robustness", rows)
    lines = tables(tmp_path)["robustness"]().splitlines()
    assert lines[2:4] == ["| none | 75.0% |  |  |", "| blur | 50.0% | 80.0% | 62.5% |"]


def test_weak_classes_come_first(tmp_path):
    rows = [{"true": name, **dict.fromkeys(EXPR, 0)} for name in EXPR]
    for row in rows:
        row[row["true"]] = 9
        row["Other"] += 1
    rows[2] |= {"Disgust": 3, "Anger": 7, "Other": 2}
    write(tmp_path, "scores/confusion-lite-ferplus-test", rows)
    lines = tables(tmp_path)["weak-classes"]().splitlines()
    assert lines[2] == "| lite | Disgust | 12 | 25% | 100% | Anger (58%), Other (17%) |"


def test_clips_show_what_every_shipped_bundle_does(tmp_path):
    def row(bundle, first, raw, smoothed, said="Fear 50%"):
        known = {"bundle": bundle, "bundle_sha256": "new", "clip": "a.mp4", "first_frame": first, "last_frame": 99, "label": "Negative"}
        return {**known, "raw_share": raw, "smoothed_share": smoothed, "said": said}

    rows = [
        row("lite", 0, 1.0, 0.5),
        row("lite", 50, 0.5, 0.5),
        row("lite-fast", 0, 0.25, 1.0, "Anger 25%"),
        row("lite-fast", 50, 0.75, 0.0),
    ]
    write(tmp_path, "scores/clips", [*rows, row("gone", 0, 0.9, 0.9)])
    text = tables(tmp_path)["clips"]()
    assert cells(text, "a.mp4, frames 0-99")[1:] == ["100%, Fear 50%", "50%", "25%, Anger 25%", "100%"]
    assert cells(text, "**mean")[1:] == ["**75.0%**", "**50.0%**", "**50.0%**", "**50.0%**"]

    rates = (
        {"clip": "a.mp4", "face_seconds": 2, "raw_flips": 3.0, "flips": 1.0},
        {"clip": "b.mp4", "face_seconds": 6, "raw_flips": 1, "flips": 0},
    )
    write(tmp_path, "scores/flips", [{"bundle": bundle, **rate} for bundle in ("lite", "lite-fast") for rate in rates])
    text = tables(tmp_path)["flips"]()
    assert cells(text, "a.mp4, 2 s")[1:] == ["3.00", "1.00"] * 2 and cells(text, "**all")[1:] == ["**1.50**", "**0.25**"] * 2
