# SPDX-License-Identifier: Apache-2.0
"""Segments as intervals: times, and what is left out."""

import pytest

from image_classification.CFC_SP.core.annotation import Annotation, Interval, annotation_of
from image_classification.CFC_SP.core.records import Segment, Source, Summary

SEGMENTS = [
    Segment(1, -0.2, 0.0333333, "Neutral", 0.9),
    Segment(1, 0.0333333, 1.0333333, "Happiness", 0.5),
    Segment(10, 0.5, 0.5004, "Other", 0.9),
    Segment(2, 0.5, 2.0, "Anger", 0.4999996),
    Segment(2, -0.5, -0.1, "Fear", 0.9),
]


def summary(**options) -> Summary:
    source = Source("a.mp4", "h264", 640, 360, 30.0, 1.5)
    return Summary(source, {}, "cpu", "onednn", 24, segments=SEGMENTS, options=options)


def test_times_are_milliseconds_from_0_on_and_neighbours_meet():
    found = annotation_of(summary(), "a.mp4")
    assert found == Annotation(
        (
            Interval("1", 0.0, 0.033, "Neutral", 0.9),
            Interval("1", 0.033, 1.033, "Happiness", 0.5),
            Interval("2", 0.5, 2.0, "Anger", 0.4999996),
        ),
        ("1", "2", "10"),
        "a.mp4",
        2.0,
        30.0,
    )
    assert [interval.label for interval in found.by_track()["1"]] == ["Neutral", "Happiness"] and not found.by_track()["10"]


def test_times_count_from_where_players_begin():
    assert [(i.label, i.start_s, i.end_s) for i in annotation_of(summary(), "a.ts", 0.5).intervals] == [
        ("Happiness", 0.0, 0.533),
        ("Anger", 0.0, 1.5),
    ]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({"min_confidence": None, "min_segment": None}, ["Neutral", "Happiness", "Anger"]),
        ({"min_confidence": 0.5}, ["Neutral", "Happiness"]),
        ({"min_segment": 1.0}, ["Happiness", "Anger"]),
        ({"min_confidence": 0.5, "min_segment": 1.5}, []),
    ],
)
def test_what_is_unsure_or_short_is_left_out_when_asked(options, labels):
    found = annotation_of(summary(**options))
    assert [interval.label for interval in found.intervals] == labels
    assert found.tracks == ("1", "2", "10"), "a track stays, empty or not"
