# SPDX-License-Identifier: Apache-2.0
"""Each formula of docs/statistics.md beside an example that is computed by hand."""

import pytest

from image_classification.CFC_SP.behaviour.measured_clip import read_clip
from image_classification.CFC_SP.behaviour.measures import COMPARED, NAMES, measure, transitions
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import FrameResult
from tests.faces import face_of, labelled

N, H, S = "Neutral", "Happiness", "Surprise"


def test_the_example_of_the_page(write_results):
    """Tenths of a second: Neutral 3, Happiness 2, Neutral 1, no face 1, Neutral 1."""
    tracks = read_clip(write_results("a", labelled([N, N, N, H, H, N, None, N]))).tracks
    found = measure(tracks)
    assert list(found) == list(NAMES)
    assert (found["seconds"], found["frames"]) == (pytest.approx(0.7), 7)
    assert (found["share_neutral"], found["share_happiness"]) == pytest.approx((5 / 7, 2 / 7)) and found["share_anger"] == 0
    assert [found[f"bouts_{label.lower()}"] for label in EXPR] == [3, 0, 0, 0, 1, 0, 0, 0]
    assert (found["mean_bout_s_neutral"], found["longest_bout_s_neutral"]) == pytest.approx((0.5 / 3, 0.3))
    assert found["bouts_per_minute_happiness"] == pytest.approx(60 / 0.7) and found["mean_bout_s_fear"] is None
    # A face that shows a label has 0.65 for it and 0.05 for each other one.
    assert found["mean_p_neutral"] == pytest.approx((5 * 0.65 + 2 * 0.05) / 7)
    assert found["expressiveness"] == pytest.approx(1 - (5 * 0.65 + 2 * 0.05) / 7)
    # Neutral to Happiness and back; over the gap there is no change.
    assert found["changes_per_minute"] == pytest.approx(60 * 2 / 0.7)
    counts = transitions(tracks)
    assert counts.sum() == 2 and counts[EXPR.index(N), EXPR.index(H)] == counts[EXPR.index(H), EXPR.index(N)] == 1


def test_several_faces_count_by_the_time_that_they_are_seen(write_results):
    """Face 1 is happy for 0.4 s, face 2 surprised for 0.1 s."""
    results = [FrameResult(i, i / 10, (face_of(H, 1), *([face_of(S, 2)] if i == 3 else []))) for i in range(4)]
    found = measure(read_clip(write_results("a", results)).tracks)
    assert (found["seconds"], found["share_happiness"], found["share_surprise"]) == pytest.approx((0.5, 0.8, 0.2))
    assert found["mean_p_surprise"] == pytest.approx((4 * 0.05 + 0.65) / 5) and found["changes_per_minute"] == 0


def test_no_face_has_no_measure():
    found = measure([])
    assert (found.pop("seconds"), found.pop("frames")) == (0, 0) and set(found.values()) == {None}


def test_clips_are_compared_by_what_does_not_grow_with_them():
    assert set(NAMES) - set(COMPARED) == {"seconds", "frames"} | {
        f"{kind}_{label.lower()}" for kind in ("bouts", "longest_bout_s") for label in EXPR
    }
