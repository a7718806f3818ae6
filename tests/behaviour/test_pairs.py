# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.behaviour.measured_clip import MeasuredClip, MeasuredTrack, read_clip
from image_classification.CFC_SP.behaviour.pairs import MOST_TRACKS, cooccurrence, lagged_correlations, pairs_of
from image_classification.CFC_SP.core.records import FrameResult
from tests.faces import face_of

N, H = "Neutral", "Happiness"


def curve(number: int, happy, places=None) -> MeasuredTrack:
    """A face whose probability of Happiness takes these values, the rest being Neutral's; a tenth of a second a frame."""
    happy = np.array(happy, float)
    probabilities = np.zeros((len(happy), 8))
    probabilities[:, 0], probabilities[:, 4] = 1 - happy, happy
    places = np.arange(len(happy)) if places is None else np.array(places)
    return MeasuredTrack(number, places, np.full(len(happy), 0.1), np.where(happy > 0.5, 4, 0), probabilities, ())


def at(rows, lag_s, name="p_happiness"):
    return next(row for row in rows if row["curve"] == name and row["lag_s"] == pytest.approx(lag_s))


def test_what_two_faces_show_together(write_results):
    """By hand: each is happy 3 of 5 tenths, both in 2 of them."""
    shown = zip((H, H, N, N, H), (H, N, N, H, H), strict=True)
    results = [FrameResult(i, i / 10, (face_of(a, 1), face_of(b, 2))) for i, (a, b) in enumerate(shown)]
    a, b = read_clip(write_results("a", [*results, FrameResult(5, 0.5, (face_of(H, 1),))])).tracks
    found = {row.pop("label"): row for row in cooccurrence(a, b)}
    expected = {"seconds": 0.5, "share_a": 0.6, "share_b": 0.6, "both": 0.4, "expected": 0.36, "lift": 0.4 / 0.36, "jaccard": 0.4 / 0.8}
    assert found[H] == pytest.approx(expected)
    assert found["Anger"] == {
        "seconds": pytest.approx(0.5),
        **dict.fromkeys(("share_a", "share_b", "both", "expected"), 0),
        "lift": None,
        "jaccard": None,
    }


def test_a_correlation_by_hand():
    """(1, 2, 3) and (2, 4, 7): the sum of products is 5, those of squares are 2 and 114 / 9."""
    rows = lagged_correlations(curve(1, [0.1, 0.2, 0.3]), curve(2, [0.2, 0.4, 0.7]), 0.1)
    assert at(rows, 0)["correlation"] == pytest.approx(5 / (2 * 114 / 9) ** 0.5)
    assert at(rows, 0, "expressiveness")["correlation"] == pytest.approx(5 / (2 * 114 / 9) ** 0.5)
    assert at(rows, 0, "p_anger")["correlation"] is None and at(rows, 0.1)["frames"] == 2 and at(rows, 0.1)["correlation"] is None


def test_who_follows_has_a_lag_above_0():
    random = np.random.default_rng(0).random(80)
    follower = curve(2, random[:77], places=range(3, 80))
    rows = lagged_correlations(curve(1, random), follower, 0.1)
    assert at(rows, 0.3)["correlation"] == pytest.approx(1) and abs(at(rows, -0.3)["correlation"]) < 0.4
    assert {round(row["lag_s"], 6) for row in rows} == {round(lag / 10, 6) for lag in range(-20, 21)}
    swapped = lagged_correlations(follower, curve(1, random), 0.1)
    assert at(swapped, -0.3)["correlation"] == pytest.approx(1)


def test_steps_are_whole_frames():
    rows = lagged_correlations(curve(1, [0.1] * 9), curve(2, [0.2] * 9), 1 / 30)
    assert sorted({round(30 * row["lag_s"]) for row in rows}) == list(range(-60, 61, 3)) and rows[0]["correlation"] is None
    assert len({row["lag_s"] for row in lagged_correlations(curve(1, [0.1] * 9), curve(2, [0.2] * 9), 5.0)}) == 1


def test_faces_are_a_pair_where_they_are_seen_together_for_long():
    tracks = [
        curve(1, [0.1] * 40),
        curve(2, [0.1] * 40, range(20, 60)),
        curve(3, [0.1] * 40, range(21, 61)),
        curve(4, [0.1] * 20, range(90, 110)),
    ]
    assert [(a.number, b.number) for a, b in pairs_of(MeasuredClip("a", 0.1, tuple(tracks)))] == [(1, 2), (2, 3)]
    crowd = MeasuredClip("a", 0.1, tuple(curve(number, [0.1] * (30 + number)) for number in range(1, 20)))
    pairs = list(pairs_of(crowd))
    assert len(pairs) == MOST_TRACKS * (MOST_TRACKS - 1) // 2 and min(a.number for a, _ in pairs) == 8
