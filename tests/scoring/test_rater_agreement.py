# SPDX-License-Identifier: Apache-2.0
"""Agreement of two annotations: against scikit-learn, and against loops of a few lines."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from image_classification.CFC_SP.core.annotation import Annotation, Interval, annotation_from
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.scoring.label_mapping import LabelMapping
from image_classification.CFC_SP.scoring.rater_agreement import Disagreement, compare, in_same_classes, kappa_of, total
from image_classification.CFC_SP.support.errors import UserError


def random_annotation(seed: int, tracks=("1", "2"), classes=EXPR[:5]) -> Annotation:
    """Intervals of random lengths, with gaps."""
    random, intervals = np.random.default_rng(seed), []
    for track in tracks:
        time_s = random.uniform(0, 1)
        while time_s < 30:
            end_s = time_s + random.uniform(0.05, 2)
            intervals.append(Interval(track, round(time_s, 3), round(end_s, 3), str(random.choice(classes))))
            time_s = end_s + random.choice([0.0, 0.7])
    return annotation_from(intervals)


def label_at(annotation: Annotation, track: str, time_s: float) -> str | None:
    return next((i.label for i in annotation.intervals if i.track == track and i.start_s <= time_s < i.end_s), None)


@pytest.mark.parametrize("every_s", [0.04, 0.1])
def test_kappa_and_f1_are_scikit_learn_s(every_s):
    ours, theirs = random_annotation(1), random_annotation(2)
    times = (np.arange(round(33 / every_s)) + 0.5) * every_s
    pairs = [(label_at(ours, track, t), label_at(theirs, track, t)) for track in ("1", "2") for t in times]
    said, true = zip(*[pair for pair in pairs if None not in pair], strict=True)
    found = total(compare(ours, theirs, every_s=every_s).tracks)
    assert found.classes == EXPR[:5] and found.scores.confusion.sum() == len(said) > 300
    assert found.kappa == pytest.approx(cohen_kappa_score(said, true), abs=1e-12)
    assert found.scores.f1 == pytest.approx(f1_score(true, said, labels=EXPR[:5], average=None))
    assert found.scores.accuracy == pytest.approx(np.mean(np.array(said) == np.array(true)))
    assert found.seconds == pytest.approx(len(said) * every_s)


def test_kappa_by_hand():
    # Both agree on 20 + 15 of 50; by chance on 25 / 50 * 30 / 50 + 25 / 50 * 20 / 50 of them.
    assert kappa_of(np.array([[20, 5], [10, 15]])) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert np.isnan(kappa_of(np.array([[7]])))


def annotation(*rows, length_s=None, media=None) -> Annotation:
    return annotation_from([Interval(*row) for row in rows], length_s=length_s, media=media)


NEUTRAL = ("1", 0.0, 10.0, "Neutral")


def test_disagreements_have_their_times():
    ours = annotation(NEUTRAL, ("2", 0.0, 4.0, "Anger"))
    theirs = annotation(
        ("1", 0.0, 2.0, "neutral"), ("1", 2.0, 3.0, "happy"), ("1", 3.0, 5.0, "sad"), ("1", 6.0, 8.0, "sad"), ("2", 1.0, 9.0, "angry")
    )
    first, second = compare(ours, theirs, names=("clip", "coder")).tracks
    assert first.disagreements() == [
        Disagreement("clip", "1", 2.0, 3.0, "Neutral", "Happiness"),
        Disagreement("clip", "1", 3.0, 5.0, "Neutral", "Sadness"),
        Disagreement("clip", "1", 6.0, 8.0, "Neutral", "Sadness"),
    ]
    assert not second.disagreements() and second.seconds(second.both) == pytest.approx(3.0)


def test_one_tier_of_another_name_is_held_against_the_face_seen_longest():
    ours = annotation(("1", 2.0, 10.0, "Neutral"), ("2", 0.0, 3.0, "Anger"))
    (track,) = compare(ours, annotation(("expression", 0.0, 10.0, "neutral"))).tracks
    assert track.disagreements() == [Disagreement("OURS", "expression", 0.0, 2.0, "Anger", "Neutral")]


def test_tiers_are_tracks_by_name_or_by_mapping():
    ours = annotation(NEUTRAL, ("2", 0.0, 10.0, "Anger"))
    theirs = annotation(("Mother", 0.0, 5.0, "neutral"), ("Mother 2", 5.0, 10.0, "neutral"), ("gaze", 0.0, 10.0, "left"))
    with pytest.raises(
        UserError, match="expected tiers of the tracks '1', '2' of OURS, found 'Mother', 'gaze', 'Mother 2': name them in a -mapping"
    ):
        compare(ours, theirs)
    found = compare(ours, theirs, LabelMapping(tracks={"Mother": "1", "Mother 2": "1"}))
    assert [(track.track, track.both.all(), track.disagreements()) for track in found.tracks] == [("1", True, [])]
    assert found.notes == ["not compared of OURS: '2'", "not compared of THEIRS: 'gaze'"]
    for tracks, told in (({"Father": "1"}, "THEIRS: expected the tier 'Father'"), ({"gaze": "7"}, "OURS: expected the tier '7'")):
        with pytest.raises(UserError, match=told):
            compare(ours, theirs, LabelMapping(tracks=tracks))


def test_gaps_of_theirs_may_mean_something():
    ours, theirs = annotation(NEUTRAL), annotation(("1", 2.0, 4.0, "happy"))
    (track,) = compare(ours, theirs, LabelMapping(gaps="Neutral")).tracks
    assert track.both.all() and track.disagreements() == [Disagreement("OURS", "1", 2.0, 4.0, "Neutral", "Happiness")]


def test_a_label_may_be_left_out():
    (track,) = compare(annotation(NEUTRAL), annotation(("1", 0, 3, "neutral"), ("1", 3, 9, "blink")), LabelMapping({"blink": None})).tracks
    assert track.seconds(track.both) == pytest.approx(3.0)


def test_where_one_says_negative_coarse_classes_are_compared():
    ours = annotation(("1", 0, 2, "Anger"), ("1", 2, 4, "Other"), ("1", 4, 6, "Fear"))
    theirs = annotation(("1", 0, 2, "Negative"), ("1", 2, 4, "Sadness"), ("1", 4, 6, "happy"))
    found = total(compare(ours, theirs).tracks)
    assert found.classes == ("Happiness", "Other", "Negative") and found.scores.accuracy == pytest.approx(1 / 3)


def test_clips_are_summed_in_the_same_classes():
    plain = compare(annotation(("1", 0, 2, "Anger")), annotation(("1", 0, 2, "angry"))).tracks
    coarse = compare(annotation(("1", 0, 2, "Fear")), annotation(("1", 0, 2, "negative"))).tracks
    assert total(in_same_classes(plain + coarse)).classes == ("Negative",) and total(in_same_classes(plain)).classes == ("Anger",)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (annotation(), "THEIRS: expected labelled intervals, found none"),
        (annotation(("1", 0, 1, "smirk")), "THEIRS: expected labels among .*found 'smirk'"),
        (annotation(("1", 0, 700, "happy")), "THEIRS: expected times within the clip of OURS, which ends at 10.00 s, found 700.00 s"),
        (annotation(("1", 10.5, 11, "happy")), "THEIRS: expected labels of the same times as those of OURS, found none"),
        (
            annotation(("1", 0, 2, "happy"), ("1", 1, 3, "sad")),
            "THEIRS: expected one interval at a time on the tier '1', found that the one at 1.000 s begins",
        ),
    ],
)
def test_what_cannot_be_compared_is_told(theirs, told):
    with pytest.raises(UserError, match=told):
        compare(annotation(NEUTRAL, length_s=10.0), theirs)


@pytest.mark.parametrize("every_s", [0.0, float("nan"), -1.0, 1e-9])
def test_a_step_that_is_none_is_told(every_s):
    with pytest.raises(UserError, match="-every"):
        compare(annotation(NEUTRAL), annotation(NEUTRAL), every_s=every_s)


def test_more_samples_than_fit_are_refused_before_memory_is_taken():
    with pytest.raises(UserError, match="-every: expected 50000000 samples at most"):
        compare(annotation(NEUTRAL), annotation(NEUTRAL, ("1", 10, 9e6, "happy")))


def test_another_video_is_noted():
    found = compare(annotation(NEUTRAL, media="/x/walk.mp4"), annotation(NEUTRAL, media="file:///C:/run.mpg"))
    assert found.notes == ["OURS is of the video 'walk', THEIRS of 'run'"]
    assert not compare(annotation(NEUTRAL, media="/x/walk.mp4"), annotation(NEUTRAL, media=r"C:\walk.mpg")).notes
