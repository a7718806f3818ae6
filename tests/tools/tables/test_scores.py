# SPDX-License-Identifier: Apache-2.0
from image_classification.CFC_SP.core.labels import EXPR
from tests.tools.tables.measured import write
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
