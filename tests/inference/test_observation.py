# SPDX-License-Identifier: Apache-2.0
"""From faces to logits: whose crop is whose, whatever the batches and the order in which faces join a frame."""

import numpy as np

from image_classification.CFC_SP.core.records import Faces, Frame
from image_classification.CFC_SP.inference.observation import FaceObserver
from image_classification.CFC_SP.support.stopwatch import Stopwatch
from image_classification.CFC_SP.video.cuts import Change
from image_classification.CFC_SP.video.follower import Seen


def frame_of(index, count, rng):
    """A frame with `count` faces side by side, and these."""
    image = rng.integers(0, 256, (48, 48 * max(1, count), 3), dtype=np.uint8)
    boxes = np.array([[48 * i, 0, 48 * i + 48, 48] for i in range(count)], np.float32).reshape(-1, 4)
    faces = Faces(boxes, np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))
    return Seen(Frame(index, index / 25, image), faces, Change(False, None, image, (0, 0)), searched=True)


def logits_alone(model, seen):
    crops = model.geometry.crop(seen.frame.image, seen.faces)
    return [model.predictor.begin("frame", crop[None]).result() for crop in crops]


def test_faces_of_many_frames_share_batches_and_do_not_mix(model):
    rng = np.random.default_rng(0)
    clip = [frame_of(index, count, rng) for index, count in enumerate([0, 1, 3, 40, 0, 2, 33])]
    observer = FaceObserver(model, 32, Stopwatch())
    scored = list(observer.scored(map(observer.observe, clip)))
    assert [item.index for item in scored] == list(range(7))
    for seen, item in zip(clip, scored, strict=True):
        assert (item.coarse is None) == (len(seen.faces) == 0)
        # Ordered by track; a box tells which face is which.
        places = [int(box[0] // 48) for box in item.faces.boxes]
        assert sorted(places) == list(range(len(seen.faces)))
        alone = logits_alone(model, seen)
        for row, (coarse, negative) in zip(places, zip(*_rows(item), strict=True), strict=True):
            np.testing.assert_allclose(coarse, alone[row][0][:, 0], atol=1e-3, rtol=1e-4)
            np.testing.assert_allclose(negative, alone[row][1][:, 0], atol=1e-3, rtol=1e-4)


def _rows(item):
    if item.coarse is None:
        return [], []
    return item.coarse.transpose(1, 0, 2), item.negative.transpose(1, 0, 2)


def test_a_face_that_joins_a_frame_late_is_sent_then(model):
    seen = frame_of(0, 3, np.random.default_rng(1))
    early, late = FaceObserver(model, 2, Stopwatch()), FaceObserver(model, 2, Stopwatch())
    whole, seen.faces = seen.faces, seen.faces[:2]
    early.begin(seen)
    seen.faces = whole
    found, expected = (observer.with_logits(*observer.observe(seen)) for observer in (early, late))
    np.testing.assert_array_equal(found.faces.boxes, expected.faces.boxes)
    np.testing.assert_array_equal(found.coarse, expected.coarse)


def test_boxes_are_cut_to_the_frame_behind_the_crops(model):
    seen = frame_of(0, 1, np.random.default_rng(2))
    seen.faces = Faces(seen.faces.boxes + np.float32(20), seen.faces.scores, seen.faces.landmarks)
    observer = FaceObserver(model, 1, Stopwatch())
    observation = observer.with_logits(*observer.observe(seen))
    np.testing.assert_array_equal(observation.faces.boxes, [[20, 20, 48, 48]])
    np.testing.assert_allclose(observation.coarse[:, 0], logits_alone(model, seen)[0][0][:, 0], atol=1e-3, rtol=1e-4)
