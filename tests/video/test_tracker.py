# SPDX-License-Identifier: Apache-2.0
from itertools import islice

import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Faces
from image_classification.CFC_SP.video.cuts import Change
from image_classification.CFC_SP.video.detector import FaceDetector
from image_classification.CFC_SP.video.follower import FaceFollower
from image_classification.CFC_SP.video.live_follower import LiveFollower
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.video.tracker import FaceTracker, intersection_over_union
from tests import clips


def faces_at(*corners, side=40):
    boxes = np.array([[x, y, x + side, y + side] for x, y in corners], np.float32).reshape(-1, 4)
    count = len(boxes)
    return Faces(boxes, np.linspace(1, 0.9, count, dtype=np.float32), np.zeros((count, 5, 2), np.float32))


def run(tracker, steps):
    """Steps of (time_s, faces) -> the track ids of each."""
    return [tracker.update(time_s, faces).tracks.tolist() for time_s, faces in steps]


def test_ids_follow_the_faces_whatever_their_order():
    left, right = [(i * 3, 10) for i in range(10)], [(200 - i * 3, 12) for i in range(10)]
    tracker = FaceTracker()
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        faces, ids = (faces_at(a, b), [1, 2]) if i % 2 == 0 else (faces_at(b, a), [2, 1])
        tracked = tracker.update(i / 30, faces)
        assert tracked.tracks.tolist() == ids and tracked.tracks.dtype == np.int64
        for name in ("boxes", "scores", "landmarks"):
            np.testing.assert_array_equal(getattr(tracked, name), getattr(faces, name))


def test_the_pairing_is_the_best_one_overall():
    # The first new face overlaps both old ones; taking its best match first would leave the second without any.
    tracker = FaceTracker()
    ids = run(tracker, [(0, faces_at((0, 0), (20, 0))), (0.03, faces_at((9, 0), (24, 0)))])
    assert ids == [[1, 2], [1, 2]]


@pytest.mark.parametrize(("gap_s", "expected"), [(0.5, 1), (2.0, 1), (2.1, 2)])
def test_a_lost_face_keeps_its_id_for_two_seconds_of_media_time(gap_s, expected):
    steps = [(0.0, faces_at((5, 5))), (gap_s / 2, Faces.empty()), (gap_s, faces_at((6, 5)))]
    assert run(FaceTracker(), steps) == [[1], [], [expected]]


@pytest.mark.parametrize(("step_s", "expected"), [(3.0, [1, 1, 1]), (5.5, [1, 2, 3])])
def test_a_face_that_no_frame_has_missed_keeps_its_id_for_longer(step_s, expected):
    steps = [(step_s * i, faces_at((5 + i, 5))) for i in range(3)]
    assert [ids[0] for ids in run(FaceTracker(), steps)] == expected


def sparse(fps, count=60):
    """Every frame of 30 a second that a stream at `fps` frames a second has."""
    return range(0, count, round(30 / fps))


RATES = pytest.mark.parametrize("fps", [30, 10, 5, 2])


@RATES
def test_a_face_that_trembles_where_it_is_keeps_its_id(fps):
    rng = np.random.default_rng(0)
    steps = [(i / 30, faces_at(tuple(20 + rng.normal(0, 3, 2)))) for i in sparse(fps, 300)]
    assert {tuple(ids) for ids in run(FaceTracker(), steps)} == {(1,)}


@RATES
def test_a_face_that_walks_keeps_its_id(fps):
    """Three times its own side a second, whatever the frame rate; at 2 frames a second no two of its boxes overlap."""
    steps = [(i / 30, faces_at((4 * i, 10))) for i in sparse(fps)]
    assert {tuple(ids) for ids in run(FaceTracker(), steps)} == {(1,)}


@RATES
def test_two_who_cross_keep_their_ids(fps):
    """The one behind is not seen while the other covers it; at a side a second each, that takes a second."""
    tracker, steps = FaceTracker(), [*sparse(fps, 180)]
    for i in steps:
        left, right = (20 + 4 / 3 * i, 10), (240 - 4 / 3 * i, 14)
        hidden = abs(left[0] - right[0]) < 30
        tracked = tracker.update(i / 30, faces_at(left) if hidden else faces_at(right, left) if i % 4 else faces_at(left, right))
        for corner, identity in ((left, 1), (right, 2)):
            if not (hidden and identity == 2):
                at = np.abs(tracked.boxes[:, :2] - np.float32(corner)).max(axis=1).argmin()
                assert tracked.tracks[at] == identity, (i, tracked)


@RATES
def test_who_leaves_for_less_than_two_seconds_is_known_again(fps):
    """And who stays is not taken for them."""
    stays, leaves = (150, 10), (20, 10)
    steps = [(i / 30, faces_at(stays) if 60 < i < 108 else faces_at(stays, (leaves[0] + i % 3, 10))) for i in sparse(fps, 180)]
    assert {tuple(ids) for ids in run(FaceTracker(), steps)} == {(1, 2), (1,)}


def test_a_face_of_another_size_is_another_one():
    far = faces_at((50, 50), side=15)
    assert run(FaceTracker(), [(0, faces_at((0, 0), side=60)), (0.5, far)]) == [[1], [2]]


def test_frames_without_speed_are_no_fault():
    """Two frames of one time, as a broken container has them."""
    assert run(FaceTracker(), [(0, faces_at((0, 0))), (0, faces_at((2, 0))), (0.1, faces_at((3, 0)))]) == [[1], [1], [1]]


@pytest.mark.parametrize("seed", range(5))
def test_the_talking_man_keeps_his_track_when_96_of_104_frames_are_dropped(networks, seed):
    kept = set(np.random.default_rng(seed).choice(104, 8, replace=False).tolist())
    with open_video(clips.real_clip("carphone_pristine.mp4")) as video:
        seen = [frame for frame in video if frame.index in kept]
    tracker = FaceTracker()
    looks = map(LiveFollower(FaceDetector(networks)).look, seen)
    assert {tuple(tracker.update(look.frame.time_s, look.faces, look.change).tracks) for look in looks} == {(1,)}


@pytest.mark.parametrize("fps", [10, 5, 2])
@pytest.mark.parametrize("name", ["smiles_480.mp4", "portrait_720p.mp4"])
def test_the_faces_of_the_shared_clips_keep_their_tracks_at_any_rate(networks, shared_clips, name, fps):
    """As many tracks in the frames of a slow camera as faces in the fullest of them."""
    with open_video(shared_clips / name) as video:
        seen = list(islice(video, 0, None, round(video.source.fps / fps)))
    tracker, detector = FaceTracker(), FaceDetector(networks)
    tracked = [tracker.update(look.frame.time_s, look.faces, look.change).tracks for look in FaceFollower(detector).follow(seen)]
    assert len(set(np.concatenate(tracked))) == max(map(len, tracked)) > 0


def test_a_face_elsewhere_is_a_new_one_and_ids_are_never_used_again():
    steps = [(0, faces_at((0, 0))), (0.1, faces_at((100, 0))), (8, faces_at((0, 0), (100, 0)))]
    assert run(FaceTracker(), steps) == [[1], [2], [3, 4]]


PICTURE = clips.pictures(1, 160, 90)[0]


def change(cut, left=False):
    """From a picture to one that differs everywhere, or on the left alone."""
    after = 255 - PICTURE[::-1]
    if left:
        after[:, 80:] = PICTURE[:, 80:]
    return Change(cut, PICTURE, after, (160, 90))


def test_a_cut_ends_the_tracks_of_what_it_changes():
    for left, expected in ((False, [3, 4]), (True, [3, 2])):
        tracker, two = FaceTracker(), faces_at((10, 30), (100, 30))
        assert run(tracker, [(0, two), (0.03, two)]) == [[1, 2], [1, 2]]
        assert tracker.update(0.06, two, change(True, left)).tracks.tolist() == expected
        assert tracker.update(0.1, two).tracks.tolist() == expected


@pytest.mark.parametrize("gap_s", [1.5, 6, 3600])
def test_a_gap_in_time_ends_nothing_where_the_picture_stays(gap_s):
    tracker, two = FaceTracker(), faces_at((10, 30), (100, 30))
    run(tracker, [(0, two), (0.03, two)])
    still = Change(False, PICTURE, PICTURE, (160, 90))
    assert tracker.update(gap_s, two, still).tracks.tolist() == [1, 2]
    # Half of the picture is another one after the next gap; a face that frames in between lack is not waited for.
    expected = [1, 2] if gap_s < 5 else [3, 2]
    assert tracker.update(2 * gap_s, two, change(False, left=True)).tracks.tolist() == expected
    assert tracker.update(2 * gap_s + 1, Faces.empty(), still).tracks.tolist() == []
    assert max(expected) < min(tracker.update(2 * gap_s + 3.5, two, still).tracks)


def test_overlap_equals_the_loops():
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.uniform(0, 50, (count, 2, 2)), axis=1).reshape(count, 4) for count in (7, 5))
    for i, j in np.ndindex(7, 5):
        w = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])
        h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])
        shared = max(w, 0) * max(h, 0)
        union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a[i], b[j])) - shared
        assert intersection_over_union(a, b)[i, j] == pytest.approx(shared / union)
