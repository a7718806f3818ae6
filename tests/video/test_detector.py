# SPDX-License-Identifier: Apache-2.0
import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.video.detector import BATCH, FaceDetector, damped, intersection_over_union, suppress
from image_classification.CFC_SP.video.reader import open_video
from tests import clips

REFERENCE = json.loads(Path(__file__).with_name("reference_mtcnn_astronaut.json").read_text())


@pytest.fixture
def detector(networks):
    return FaceDetector(networks)


def test_finds_what_the_reference_package_finds(networks, astronaut):
    faces = FaceDetector(networks, REFERENCE["min_face"], REFERENCE["thresholds"], settling=0).detect(astronaut)
    # The reference counts pixels from 1; its own box moves by 1 to 2 px (one deviation) when the picture is shifted by a pixel.
    expected = np.array(REFERENCE["boxes"]) - [1, 1, 0, 0]
    assert len(faces) == len(expected) == 1
    assert intersection_over_union(faces.boxes, expected)[0, 0] > 0.93
    np.testing.assert_allclose(faces.boxes, expected, atol=4)
    np.testing.assert_allclose(faces.landmarks, REFERENCE["landmarks"], atol=2)
    assert faces.scores[0] == pytest.approx(REFERENCE["scores"][0], abs=0.005)
    assert (faces.boxes.dtype, faces.scores.dtype, faces.landmarks.dtype) == (np.float32,) * 3


def test_box_moves_with_the_face(detector, astronaut):
    shifts = [(0, 0), (31, 0), (-40, 57)]
    boxes = [detector.detect(np.roll(astronaut, (dy, dx), (0, 1))).boxes[0] - [dx, dy, dx, dy] for dx, dy in shifts]
    np.testing.assert_allclose(boxes, np.broadcast_to(np.mean(boxes, axis=0), (3, 4)), atol=5)


def test_several_faces_of_several_sizes_by_falling_score(detector, astronaut):
    picture = np.zeros((512, 800, 3), np.uint8)
    picture[:, :512] = astronaut
    picture[100:356, 530:786] = astronaut[::2, ::2]
    faces = detector.detect(picture)
    large = detector.detect(astronaut).boxes
    small = large / 2 + [530, 100, 530, 100]
    overlap = intersection_over_union(faces.boxes, np.concatenate([large, small]))
    assert len(faces) == 2 and (overlap.max(axis=0) > 0.8).all()
    assert faces.scores[0] >= faces.scores[1]


@pytest.mark.parametrize("side", [80, 95, 112, 133, 200])
def test_large_faces_beside_the_known_ones_are_found(detector, astronaut, side):
    (whole,) = detector.detect(astronaut).boxes
    share = side / min(whole[2:] - whole[:2])
    picture = np.full((480, 854, 3), 90, np.uint8)
    face = cv2.resize(astronaut, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)[:480, :846]
    picture[: len(face), 8 : 8 + face.shape[1]] = face
    expected = whole[None] * share + [8, 0, 8, 0]
    (found,) = detector.detect_others(picture, np.zeros((0, 4))).boxes
    assert intersection_over_union(found[None], expected)[0, 0] > 0.7
    # Known by another frame, or by its eyes alone.
    for known in (expected + 5, expected * [1, 1, 1, 0] + [0, 20, 0, expected[0, 1] + side / 2]):
        assert not len(detector.detect_others(picture, known.astype(np.float32)))


def test_a_face_half_out_of_the_frame_is_found(detector, astronaut):
    faces = detector.detect(astronaut[90:])
    assert len(faces) == 1 and faces.boxes[0, 1] < 10


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((120, 160, 3), np.uint8),
        np.full((120, 160, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((30, 500, 3), np.uint8),
        clips.pictures(1, 640, 360)[0],
    ],
    ids=["black", "white", "noise", "one pixel", "narrow", "pattern"],
)
def test_no_face_in_pictures_without_one(detector, picture):
    faces = detector.detect(picture)
    assert len(faces) == 0 and faces.boxes.shape == (0, 4) and faces.landmarks.shape == (0, 5, 2)


def test_a_known_face_is_followed_and_a_lost_one_dropped(detector, astronaut):
    face = detector.detect(astronaut)
    off = face.boxes + np.float32([6, -5, 8, 4])
    found = detector.follow(astronaut, np.concatenate([off, np.float32([[350, 350, 450, 450]])]))
    assert len(found) == 1
    assert intersection_over_union(found.boxes, face.boxes)[0, 0] > 0.85
    assert len(detector.follow(astronaut, np.zeros((0, 4)))) == 0


def test_a_box_turned_inside_out_is_dropped(astronaut):
    def sure_of(*regression):
        return lambda batch: (np.tile(np.float32(regression), (len(batch), 1)), np.full(len(batch), 0.99, np.float32))

    def with_landmarks(network):
        return lambda batch: (network(batch)[0], np.zeros((len(batch), 10), np.float32), network(batch)[1])

    box = np.array([[100, 100, 200, 200]])
    kept = FaceDetector({"rnet": sure_of(0, 0, 0, 0), "onet": with_landmarks(sure_of(0, 0, 0.1, 0))}).follow(astronaut, box)
    dropped = FaceDetector({"rnet": sure_of(0, 0, 0, 0), "onet": with_landmarks(sure_of(0.8, 0, -0.8, 0))}).follow(astronaut, box)
    np.testing.assert_allclose(kept.boxes, [[100, 100, 210, 200]], atol=1)
    assert len(dropped) == 0


def test_windows_come_scaled_and_in_bounded_batches(networks, astronaut):
    shapes = defaultdict(set)

    def spy(name):
        def run(batch):
            assert batch.dtype == np.float32 and np.abs(batch).max() <= 1
            shapes[name].add(batch.shape)
            return networks[name](batch)

        return run

    detector = FaceDetector({name: spy(name) for name in networks}, thresholds=(0.01, 0.8, 0.95))
    detector.detect(np.random.default_rng(0).integers(0, 256, astronaut.shape, np.uint8))
    assert max(shapes["pnet"]) == (1, 3, 154, 154)
    assert max(shapes["rnet"]) == (BATCH, 3, 24, 24)


def test_of_the_windows_around_a_face_one_is_judged(networks, astronaut):
    judged = Counter()

    def counted(name):
        def run(batch):
            judged[name] += len(batch)
            return networks[name](batch)

        return run

    faces = FaceDetector({name: counted(name) for name in networks}, settling=0).detect(astronaut)
    # MTCNN, which judges all that P-Net and R-Net let through, judges 39 and 6.
    assert len(faces) == 1 and judged["rnet"] < 35 and judged["onet"] < 4, judged


def test_every_face_of_a_crowd_is_found(detector, astronaut):
    # Its box is 87 px wide and the tile 86: neighbours' boxes overlap a little.
    face = astronaut[55:178, 182:268]
    for share, columns in ((0.6, 8), (1, 5)):
        tile = cv2.resize(face, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        crowd = np.tile(tile, (3, columns, 1))
        assert len(detector.detect(crowd)) == 3 * columns


def test_a_face_within_a_face_is_none(detector, astronaut):
    picture = astronaut.copy()
    picture[60:130, 195:250] = cv2.resize(astronaut[55:178, 172:270], (55, 70), interpolation=cv2.INTER_AREA)
    assert len(detector.detect(picture)) == 1


@pytest.mark.parametrize("over_smaller", [False, True])
def test_suppression_equals_the_loops(over_smaller):
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 60, (80, 2))
    boxes, scores = np.concatenate([corner, corner + rng.uniform(10, 40, (80, 2))], axis=1), rng.integers(0, 20, 80) / 20

    def overlap(a, b):
        shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
        areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
        return shared / (min(areas) if over_smaller else sum(areas) - shared)

    expected = []
    for i in sorted(range(80), key=lambda i: (-scores[i], i)):
        if all(overlap(boxes[i], boxes[j]) <= 0.4 for j in expected):
            expected.append(i)
    assert 3 < len(expected) < 60
    assert suppress(boxes, scores, 0.4, over_smaller).tolist() == expected


def test_one_face_in_every_tenth_frame_of_a_real_clip(detector):
    with open_video(clips.real_clip("carphone_pristine.mp4")) as video:
        assert [len(detector.detect(frame.image)) for frame in video if frame.index % 10 == 0] == [1] * 12


@pytest.mark.skipif(not clips.SHARED_CLIPS.is_dir(), reason="the clips of ../shared are not there")
def test_labelled_ranges_of_the_shared_clips(detector):
    with open(clips.SHARED_CLIPS / "labels.csv", newline="") as file:
        ranges = [row for row in csv.DictReader(file) if row["clip"] == "no_face_then_smile.mov"]
    sampled = {i: row["label"] for row in ranges for i in range(int(row["first_frame"]), int(row["last_frame"]) + 1, 8)}
    sampled[168] = "no_face"
    with open_video(clips.SHARED_CLIPS / "no_face_then_smile.mov") as video:
        found = {frame.index: len(detector.detect(frame.image)) for frame in video if frame.index in sampled}
    assert found == {i: int(label != "no_face") for i, label in sampled.items()}


def test_looking_again_finds_the_face_where_it_was_detected(networks, astronaut):
    """Followed from a detection on, faces that stand still move less where the detection has settled."""
    pictures = [np.roll(astronaut, (7 * i, -11 * i), (0, 1)) for i in range(8)]
    moved = {}
    for settling in (0, 2):
        detector = FaceDetector(networks, settling=settling)
        boxes = [detector.detect(picture).boxes for picture in pictures]
        moved[settling] = np.mean([np.abs(detector.follow(p, b).boxes - b) for p, b in zip(pictures, boxes, strict=True)])
    assert moved[2] < 0.7 * moved[0], moved


def test_the_next_window_lies_between_a_box_and_its_own_window():
    windows, boxes = np.array([[0, 0, 30, 30], [100, 0, 130, 30]]), np.array([[103, 3, 136, 36], [500, 0, 530, 30]])
    np.testing.assert_allclose(damped(windows, boxes), [[102, 2, 134, 34], [500, 0, 530, 30]])
