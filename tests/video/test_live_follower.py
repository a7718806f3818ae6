# SPDX-License-Identifier: Apache-2.0
"""Frames are given at once, each with the faces of its own look."""

import pytest

from image_classification.CFC_SP.video.live_follower import LiveFollower
from tests.video.scripted import Scripted, frames


def run(truth, every_s=2.0, fps=10, **options):
    detector, found = Scripted(truth, options.pop("unseen", ())), []
    follower = LiveFollower(detector, every_s)
    for frame in frames(len(truth), fps, **options):
        seen = follower.look(frame)
        assert seen.frame is frame
        found.append((sorted(map(tuple, seen.faces.boxes[:, :2].tolist())), seen.cut, seen.searched))
    return found, detector.detected


def test_a_moving_face_is_followed_and_detected_every_second():
    truth = [[(5 + 2 * i, 10)] for i in range(21)]
    found, detected = run(truth)
    assert [corners for corners, _, _ in found] == truth and detected == [0, 10, 20]
    assert [i for i, (_, _, searched) in enumerate(found) if searched] == detected


def test_it_detects_more_often_where_that_is_asked():
    assert run([[(5, 5)]] * 6, every_s=0.2)[1] == [0, 2, 4]


def test_a_face_that_comes_in_is_found_by_the_next_detection():
    truth = [[(5, 5)] + [(60, 30)] * (i >= 3) for i in range(12)]
    found, detected = run(truth)
    assert [len(corners) for corners, _, _ in found] == [1] * 4 + [2] * 8 and detected == [0, 10]


def test_no_more_than_half_a_second_of_a_face_is_missed():
    for phase in range(1, 32):
        truth = [[(5, 5)] + [(60, 30)] * (phase <= i < phase + 18) for i in range(64)]
        found, _ = run(truth, fps=30)
        seen = [i for i, (corners, _, _) in enumerate(found) if len(corners) == 2]
        assert seen == list(range(seen[0], phase + 18)) and seen[0] - phase < 15


@pytest.mark.parametrize("how", ["lost", "cut"])
def test_a_lost_face_and_a_cut_ask_for_a_detection_at_once(how):
    truth = [[(5, 5)]] * 4 + [[(60, 30)]] * 4
    found, detected = run(truth, cuts=[4] if how == "cut" else ())
    assert [corners for corners, _, _ in found] == truth and detected == [0, 4]
    assert [cut for _, cut, _ in found] == [how == "cut" and i == 4 for i in range(8)]


def test_a_face_that_only_detection_finds_is_kept():
    found, detected = run([[(5, 5)]] * 6, unseen=[2])
    assert [corners for corners, _, _ in found] == [[(5, 5)]] * 6 and detected == [0, 2]
