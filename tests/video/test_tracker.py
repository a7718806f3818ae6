import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Faces
from image_classification.CFC_SP.video.tracker import FaceTracker, intersection_over_union


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
        faces = faces_at(a, b) if i % 2 == 0 else faces_at(b, a)
        tracked = tracker.update(i / 30, faces)
        assert tracked.tracks.tolist() == [1, 2] and tracked.tracks.dtype == np.int64
        np.testing.assert_array_equal(tracked.boxes[:, :2], [a, b])
        np.testing.assert_array_equal(np.sort(tracked.scores), np.sort(faces.scores))


def test_the_pairing_is_the_best_one_overall():
    # The first new face overlaps both old ones; taking its best match first would leave the second without any.
    tracker = FaceTracker()
    ids = run(tracker, [(0, faces_at((0, 0), (20, 0))), (0.03, faces_at((9, 0), (24, 0)))])
    assert ids == [[1, 2], [1, 2]]


@pytest.mark.parametrize(("gap_s", "expected"), [(0.5, 1), (1.0, 1), (1.1, 2)])
def test_a_lost_face_keeps_its_id_for_a_second_of_media_time(gap_s, expected):
    steps = [(0.0, faces_at((5, 5))), (gap_s / 2, Faces.empty()), (gap_s, faces_at((6, 5)))]
    assert run(FaceTracker(), steps) == [[1], [], [expected]]


def test_a_face_elsewhere_is_a_new_one_and_ids_are_never_used_again():
    steps = [(0, faces_at((0, 0))), (0.1, faces_at((100, 0))), (5, faces_at((0, 0), (100, 0)))]
    assert run(FaceTracker(), steps) == [[1], [2], [3, 4]]


def test_all_tracks_end_at_a_cut():
    tracker = FaceTracker()
    two = faces_at((0, 0), (60, 0))
    assert run(tracker, [(0, two), (0.03, two)]) == [[1, 2], [1, 2]]
    assert tracker.update(0.06, two, cut=True).tracks.tolist() == [3, 4]
    assert tracker.update(0.1, two).tracks.tolist() == [3, 4]


def test_overlap_equals_the_loops():
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.uniform(0, 50, (count, 2, 2)), axis=1).reshape(count, 4) for count in (7, 5))
    for i, j in np.ndindex(7, 5):
        w = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])
        h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])
        shared = max(w, 0) * max(h, 0)
        union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a[i], b[j])) - shared
        assert intersection_over_union(a, b)[i, j] == pytest.approx(shared / union)
