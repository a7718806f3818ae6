# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace as Plain

import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from tools.footage.clip_scores import (
    CHANGES,
    ECE,
    MACRO,
    RANGES,
    TALKING,
    count_changes,
    group_of,
    is_right,
    person_of,
    read_ranges,
    score_metrics,
    score_ranges,
)


def face_of(raw_label, label, raw_confidence, confidence):
    probabilities = [0.0] * 8
    probabilities[EXPR.index(raw_label)] = raw_confidence
    return Plain(track=1, raw_label=raw_label, label=label, confidence=confidence, raw_probabilities=probabilities)


def result_of(labels, raw_confidence=1.0, confidence=1.0):
    """A clip whose one face has these (label before smoothing, label) pairs, None for a frame without a face; half a second a frame."""
    faces = [[face_of(*pair, raw_confidence, confidence)] if pair else [] for pair in labels]
    return [Plain(frame=i, time_s=i / 2, faces=own) for i, own in enumerate(faces)]


def entry(clip, first, last, label, note=""):
    return {"clip": clip, "path": clip, "first_frame": str(first), "last_frame": str(last), "label": label, "note": note}


def test_a_range_has_its_shares_and_what_was_mostly_said():
    labels = [("Anger", "Fear"), ("Sadness", "Neutral"), ("Sadness", "Neutral"), ("Neutral", "Neutral"), None]
    ranges = [
        entry("a.mp4", 0, 3, "Negative"),
        entry("a.mp4", 0, 3, "Sadness"),
        entry("a.mp4", 4, 4, "no_face"),
        entry("a.mp4", 0, 1, "cut"),
    ]
    rows = score_ranges(ranges, {"a.mp4": result_of(labels)})
    assert [(row["raw_share"], row["smoothed_share"], row["said"]) for row in rows] == [
        (0.75, 0.25, "Neutral 75%"),
        (0.5, 0.0, "Neutral 75%"),
        (1.0, 1.0, ""),
        (0.0, 0.0, "Fear 50%"),  # the track goes on after the shot
    ]
    assert count_changes(result_of(labels)) == (1.5, 2, 1)


def test_metrics_against_figures_by_hand():
    neutral, happy = ("Neutral", "Neutral"), ("Neutral", "Happiness")
    results = {
        "ann_a1.mp4": result_of([neutral] * 4, 0.9, 0.6),
        "ann_a2.mp4": result_of([happy] * 4, 0.9, 0.6),
        "bob_b1.mp4": result_of([happy, happy, neutral, neutral], 0.9, 0.6),
    }
    ranges = [
        entry("ann_a1.mp4", 0, 3, "Neutral", "talking, glasses"),
        entry("ann_a2.mp4", 0, 3, "Happiness"),
        entry("bob_b1.mp4", 0, 3, "Happiness"),
        entry("bob_b1.mp4", 0, 1, "cut"),
    ]
    found = {row["metric"]: row for row in score_metrics(ranges, results)}
    assert list(found) == ["Happiness", TALKING, MACRO, RANGES, CHANGES, ECE]
    assert [(row["ranges"], row["persons"]) for row in found.values()] == [(2, 2), (1, 1), *[(3, 2)] * 4]
    assert (found["Happiness"]["raw"], found["Happiness"]["smoothed"]) == (0.0, 0.75)
    assert (found[MACRO]["smoothed"], found[RANGES]["smoothed"]) == (0.875, pytest.approx(2.5 / 3, abs=1e-4))
    # One change in three clips of 1.5 s each.
    assert (found[CHANGES]["raw"], found[CHANGES]["smoothed"]) == (0.0, pytest.approx(1 / 4.5, abs=1e-4))
    # Of 12 frames 4 were right before and 10 after.
    assert (found[ECE]["raw"], found[ECE]["smoothed"]) == (pytest.approx(0.9 - 4 / 12, abs=1e-4), pytest.approx(10 / 12 - 0.6, abs=1e-4))
    # Without Bob all of Happiness is right, without Ann half of it.
    assert (found["Happiness"]["smoothed_without_one_least"], found["Happiness"]["smoothed_without_one_most"]) == (0.5, 1.0)
    assert found["Happiness"]["smoothed_low"] == 0.5 and found["Happiness"]["smoothed_high"] == 1.0
    assert not any(np.isnan(value) for row in found.values() for value in list(row.values())[3:])


def test_groups_people_and_coarse_labels():
    assert group_of(entry("a", 0, 0, "Neutral", "talking")) == TALKING
    assert group_of(entry("a", 0, 0, "Neutral", "beard")) == "Neutral" and group_of(entry("a", 0, 0, "Fear", "talking")) == "Fear"
    assert [person_of(name) for name in ("ann_a1.mp4", "ann_a12.gif", "ann_b1.mp4", "smiles_480.mp4")] == [
        "ann_a",
        "ann_a",
        "ann_b",
        "smiles_480",
    ]
    assert (
        is_right("Anger", "Negative") and is_right("Anger", "Anger") and not is_right("Anger", "Fear") and not is_right("Other", "Negative")
    )


def test_ranges_know_where_their_clip_lies(tmp_path):
    (tmp_path / "labels.csv").write_text("clip,first_frame,last_frame,label,note\na.mp4,0,3,Fear,talking\n")
    assert read_ranges(tmp_path) == [entry("a.mp4", 0, 3, "Fear", "talking") | {"path": str(tmp_path / "a.mp4")}]
