# SPDX-License-Identifier: Apache-2.0
import itertools

import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Face, FrameResult, Segment
from image_classification.CFC_SP.core.segments import SegmentBuilder


def face(track, label, confidence=0.5):
    coarse = "Negative" if label in ("Anger", "Disgust", "Fear", "Sadness") else label
    return Face(track, (0, 0, 1, 1), 1.0, label, confidence, coarse, label, (confidence, *[(1 - confidence) / 7] * 7))


def build(frames, frame_duration_s=0.1):
    builder = SegmentBuilder(frame_duration_s)
    for i, (time_s, faces) in enumerate(frames):
        builder.add(FrameResult(i, time_s, tuple(face(*f) for f in faces)))
    return builder.segments()


def test_no_frames_and_no_faces_give_no_segments():
    assert build([]) == []
    assert build([(0.0, []), (0.1, [])]) == []


def test_one_frame_lasts_one_frame():
    assert build([(2.0, [(1, "Other", 0.25)])]) == [Segment(1, 2.0, 2.1, "Other", 0.25)]


def test_a_change_of_label_ends_a_segment_where_the_next_begins():
    found = build([(0.0, [(1, "Anger", 0.4)]), (0.5, [(1, "Anger", 0.8)]), (0.7, [(1, "Fear", 0.9)])])
    assert found == [Segment(1, 0.0, 0.7, "Anger", pytest.approx(0.6)), Segment(1, 0.7, pytest.approx(0.8), "Fear", 0.9)]


def test_a_gap_ends_a_segment_even_when_the_label_comes_back():
    found = build([(0.0, [(1, "Anger")]), (0.1, []), (0.2, [(1, "Anger")])])
    assert [(s.start_s, s.end_s) for s in found] == [(0.0, 0.1), (0.2, pytest.approx(0.3))]


def test_random_tracks_agree_with_a_loop_over_each_track():
    random = np.random.default_rng(3)
    times = np.cumsum(random.uniform(0.01, 0.1, 200)).tolist()
    labels = random.choice(["", "Neutral", "Sadness"], (200, 3))
    confidence = random.uniform(0.3, 1, (200, 3))
    found = build([(t, [(k, str(labels[i, k]), confidence[i, k]) for k in range(3) if labels[i, k]]) for i, t in enumerate(times)], 0.05)
    expected = []
    for k in range(3):
        starts = [i for i in range(200) if i == 0 or labels[i, k] != labels[i - 1, k]] + [200]
        for a, b in itertools.pairwise(starts):
            if labels[a, k]:
                end = times[b] if b < 200 else times[-1] + 0.05
                expected.append((times[a], k, end, labels[a, k], pytest.approx(confidence[a:b, k].mean())))
    assert [(s.start_s, s.track, s.end_s, s.label, s.confidence) for s in found] == sorted(expected, key=lambda e: e[:2])
