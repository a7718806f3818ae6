# SPDX-License-Identifier: Apache-2.0
"""Which frames get a full detection, and what the others show; the detector here knows where the faces are."""

import numpy as np
import pytest

from image_classification.CFC_SP.video import follower
from image_classification.CFC_SP.video.detector import FaceDetector, intersection_over_union
from image_classification.CFC_SP.video.follower import FaceFollower, search_each
from image_classification.CFC_SP.video.reader import open_video
from tests import clips
from tests.video.scripted import SCENE, Scripted, frames


def run(truth, every_s=0.5, unseen=(), cuts=()):
    detector = Scripted(truth, unseen)
    early = {}

    def found(item):
        assert item.frame.index not in early
        early[item.frame.index] = item.faces.boxes

    seen = []
    for item in FaceFollower(detector, every_s, found=found).follow(frames(len(truth), cuts=cuts)):
        # Told of before it is given, with faces that others may have joined since.
        known = early[item.frame.index]
        np.testing.assert_array_equal(item.faces.boxes[: len(known)], known)
        seen.append(item)
    assert [item.frame.index for item in seen] == list(range(len(truth))) == sorted(early)
    return [sorted(item.faces.boxes[:, :2].tolist()) for item in seen], detector.detected, [item.cut for item in seen]


def test_a_moving_face_is_followed_between_key_frames():
    truth = [[(5 + 2 * i, 10)] for i in range(46)]
    found, detected, _ = run(truth)
    assert found == [[list(map(float, corner)) for corner in corners] for corners in truth]
    assert detected == [0, 15, 30, 45]


def test_unrelated_pictures_are_searched_by_themselves():
    detector, found = Scripted([[(5, 5)], [], [(30, 5)]]), []
    seen = list(search_each(detector, frames(3), found.append))
    assert [(item.cut, item.searched, len(item.faces)) for item in seen] == [(True, True, 1), (True, True, 0), (True, True, 1)]
    assert found == seen and detector.detected == [0, 1, 2]


def test_every_frame_is_detected_when_asked():
    assert run([[(5, 5)]] * 6, every_s=0)[1] == list(range(6))


def test_a_face_that_comes_between_key_frames_is_followed_back_to_where_it_came():
    truth = [[(5, 5)] + [(100 - i, 40)] * (i >= 7) for i in range(20)]
    found, detected, _ = run(truth)
    assert [len(corners) for corners in found] == [1] * 7 + [2] * 13
    assert found[7] == [[5, 5], [93, 40]] and detected[:2] == [0, 15]


@pytest.mark.parametrize("others", [[], [(5, 5)]])
def test_a_face_that_is_shown_for_a_moment_is_found_at_every_phase(others):
    """0.6 s of it, in a clip in which whole frames are searched every two seconds; every frame of it has the face."""
    for phase in range(62):
        truth = [others + [(60, 20)] * (phase <= i < phase + 18) for i in range(100)]
        found, detected, _ = run(truth, every_s=2.0)
        assert [len(corners) for corners in found] == [len(corners) for corners in truth], phase
        # Beside the two of the clip: where it gets lost, and soon after that.
        assert len(detected) <= 6


def test_large_faces_are_looked_for_as_often_as_they_may_be_missed():
    detector = Scripted([[(5, 5)]] * 91)
    list(FaceFollower(detector, every_s=2.0).follow(frames(91)))
    assert detector.detected == [0, 60, 90] and detector.searched_for_others == [12, 24, 36, 48, 72, 84]


def test_a_lost_face_asks_for_a_detection_at_once():
    truth = [[(5, 5)]] * 8 + [[(60, 30)]] * 8
    found, detected, _ = run(truth)
    assert found == [[list(map(float, corner)) for corner in corners] for corners in truth]
    # The last detection is the clip's end, which shows who came in since.
    assert detected == [0, 8, 15]


def test_a_face_that_only_detection_finds_is_kept():
    found, detected, _ = run([[(5, 5)]] * 6, unseen=[2])
    assert found == [[[5, 5]]] * 6 and detected == [0, 2, 5]


def test_a_face_between_two_looks_lies_between_them():
    # In frame 3 the face is elsewhere, and nobody looks.
    truth = [[(5, 10)], [(7, 10)], [(9, 10)], [(9, 12)], [(13, 10)], [(15, 10)], [(17, 10)]]
    found, detected, _ = run(truth)
    assert found == [[[5 + 2 * i, 10]] for i in range(7)] and detected == [0, 6]


def test_a_face_that_moves_fast_is_looked_at_in_every_frame():
    truth = [[(5 + 8 * i + i % 2, 10)] for i in range(7)]
    assert run(truth)[0] == [[list(map(float, corner)) for corner in corners] for corners in truth]


@pytest.mark.parametrize(("gone", "expected"), [(4, [0, 4, 12, 57, 59]), (5, [0, 6, 5, 14, 59])])
def test_a_face_that_is_lost_altogether_is_looked_for_again_soon(gone, expected):
    truth = [[(5, 5)]] * gone + [[]] * 3 + [[(5, 5)]] * (57 - gone)
    found, detected, _ = run(truth, every_s=1.5)
    assert found == [[list(map(float, corner)) for corner in corners] for corners in truth]
    # A quarter of a second after the loss.
    assert detected == expected


def test_a_face_that_comes_just_before_a_cut_or_the_end_is_found():
    truth = [[]] * 3 + [[(5, 5)]] * 3 + [[]] * 3 + [[(30, 5)]] * 2
    found, detected, _ = run(truth, cuts=[6])
    assert [len(corners) for corners in found] == [len(corners) for corners in truth]
    assert detected == [0, 6, 5, 10]


def test_nothing_is_followed_across_a_cut():
    truth = [[(5, 5)]] * 4 + [[(5, 5), (60, 20)]] * 4
    found, detected, cuts = run(truth, cuts=[4])
    assert [len(corners) for corners in found] == [1] * 4 + [2] * 4
    assert detected == [0, 4, 3, 7] and cuts == [False] * 4 + [True] + [False] * 3


def test_a_last_frame_that_was_searched_is_not_searched_again():
    """The face followed so far is gone from it; the one that is there instead is followed back."""
    truth = [[(5, 5)], [(5, 5)], [(5, 5), (60, 20)], [(60, 20)], []]
    found, detected, _ = run(truth, cuts=[4])
    assert [len(corners) for corners in found] == [1, 1, 2, 1, 0]
    assert detected == [0, 4, 3]


def test_held_frames_are_bounded(monkeypatch):
    monkeypatch.setattr(follower, "HELD_BYTES", 3 * SCENE.nbytes)
    assert run([[(5, 5)]] * 10, every_s=100)[1] == [0, 3, 6, 9]


@pytest.mark.parametrize("name", ["carphone_pristine.mp4"])
def test_a_real_clip_keeps_its_faces(networks, name):
    """Against a detection in every third frame: no face lost, landmarks within 3 % of the face's width on average."""
    detector = FaceDetector(networks)
    apart = []
    with open_video(clips.real_clip(name)) as video:
        for seen in FaceFollower(detector).follow(video):
            if seen.frame.index % 3:
                continue
            full = detector.detect(seen.frame.image)
            assert len(full) == len(seen.faces) == 1
            assert intersection_over_union(full.boxes, seen.faces.boxes)[0, 0] > 0.5
            apart.append(np.linalg.norm(full.landmarks[0] - seen.faces.landmarks[0], axis=1).mean() / np.ptp(full.boxes[0, ::2]))
    assert np.mean(apart) < 0.03
