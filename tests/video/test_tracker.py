import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Faces, Frame
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.video.tracker import CutDetector, FaceTracker, intersection_over_union
from tests import clips

SCENE, OTHER = clips.pictures(1)[0], 255 - clips.pictures(1)[0][::-1]


def faces_at(*corners, side=40):
    boxes = np.array([[x, y, x + side, y + side] for x, y in corners], np.float32).reshape(-1, 4)
    count = len(boxes)
    return Faces(boxes, np.linspace(1, 0.9, count, dtype=np.float32), np.zeros((count, 5, 2), np.float32))


def run(tracker, steps):
    """Steps of (time_s, picture, faces) -> the track ids of each."""
    return [tracker.update(Frame(i, t, picture), faces).tracks.tolist() for i, (t, picture, faces) in enumerate(steps)]


def test_ids_follow_the_faces_whatever_their_order():
    left, right = [(i * 3, 10) for i in range(10)], [(200 - i * 3, 12) for i in range(10)]
    tracker = FaceTracker()
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        faces = faces_at(a, b) if i % 2 == 0 else faces_at(b, a)
        tracked = tracker.update(Frame(i, i / 30, SCENE), faces)
        assert tracked.tracks.tolist() == [1, 2] and tracked.tracks.dtype == np.int64
        np.testing.assert_array_equal(tracked.boxes[:, :2], [a, b])
        np.testing.assert_array_equal(np.sort(tracked.scores), np.sort(faces.scores))


def test_the_pairing_is_the_best_one_overall():
    # The first new face overlaps both old ones; taking its best match first would leave the second without any.
    tracker = FaceTracker()
    ids = run(tracker, [(0, SCENE, faces_at((0, 0), (20, 0))), (0.03, SCENE, faces_at((9, 0), (24, 0)))])
    assert ids == [[1, 2], [1, 2]]


@pytest.mark.parametrize(("gap_s", "expected"), [(0.5, 1), (1.0, 1), (1.1, 2)])
def test_a_lost_face_keeps_its_id_for_a_second_of_media_time(gap_s, expected):
    steps = [(0.0, SCENE, faces_at((5, 5))), (gap_s / 2, SCENE, Faces.empty()), (gap_s, SCENE, faces_at((6, 5)))]
    assert run(FaceTracker(), steps) == [[1], [], [expected]]


def test_a_face_elsewhere_is_a_new_one_and_ids_are_never_used_again():
    steps = [(0, SCENE, faces_at((0, 0))), (0.1, SCENE, faces_at((100, 0))), (5, SCENE, faces_at((0, 0), (100, 0)))]
    assert run(FaceTracker(), steps) == [[1], [2], [3, 4]]


def test_all_tracks_end_at_a_cut():
    tracker = FaceTracker()
    two = faces_at((0, 0), (60, 0))
    assert run(tracker, [(0, SCENE, two), (0.03, SCENE, two), (0.06, OTHER, two)]) == [[1, 2], [1, 2], [3, 4]]
    assert tracker.at_cut
    assert tracker.update(Frame(3, 0.1, OTHER), two).tracks.tolist() == [3, 4] and not tracker.at_cut


def test_overlap_equals_the_loops():
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.uniform(0, 50, (count, 2, 2)), axis=1).reshape(count, 4) for count in (7, 5))
    for i, j in np.ndindex(7, 5):
        w = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])
        h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])
        shared = max(w, 0) * max(h, 0)
        union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a[i], b[j])) - shared
        assert intersection_over_union(a, b)[i, j] == pytest.approx(shared / union)


def cuts_of(frames):
    detector = CutDetector()
    return [i for i, picture in enumerate(frames) if detector.is_cut(picture)]


def test_cuts_in_a_row_are_all_found():
    assert cuts_of([SCENE, SCENE, OTHER, SCENE[:, ::-1], SCENE[:, ::-1]]) == [2, 3]


def test_motion_light_and_noise_are_no_cuts():
    moving = clips.pictures(30)
    darker = [(picture * 0.4).astype(np.uint8) for picture in moving[15:]]
    noise = list(np.random.default_rng(0).integers(0, 4, (5, 48, 64, 3), np.uint8))
    assert cuts_of(moving[:15] + darker) == []
    assert cuts_of(noise) == []


def test_cuts_of_a_real_clip():
    with open_video(clips.real_clip("bikes.mp4")) as video:
        assert cuts_of(frame.image for frame in video) == [30, 76, 137, 187, 242]


@pytest.mark.skipif(not clips.SHARED_CLIPS.is_dir(), reason="the clips of ../shared are not there")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stage_cuts_640x360.mp4", [20, 82, 211]),
        ("no_face_then_smile.mov", [96, 168]),
        ("smiles_480.mp4", []),
        ("frown_then_surprise_512.mp4", []),
        ("portrait_720p.mp4", []),
    ],
)
def test_cuts_of_the_shared_clips(name, expected):
    with open_video(clips.SHARED_CLIPS / name) as video:
        assert cuts_of(frame.image for frame in video) == expected
