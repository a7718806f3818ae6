# SPDX-License-Identifier: Apache-2.0
import numpy as np

from image_classification.CFC_SP.core.records import Face
from tests.clips import real_clip
from tools.footage.disturbances import DISTURBANCES
from tools.footage.label_agreement import compare, look_at, nearest

BY_NAME = {disturbance.name: disturbance for disturbance in DISTURBANCES}
MAN = real_clip("carphone_pristine.mp4")


def face(x, y):
    return Face(1, (x - 10, y - 10, x + 10, y + 10), 1.0, "Fear", 1.0, "Negative", "Fear", (0, 0, 0, 1, 0, 0, 0, 0))


def test_the_nearest_face_within_reach():
    faces = [face(10, 10), face(50, 50)]
    assert nearest(faces, np.array([46, 50]), 5) is faces[1]
    assert nearest(faces, np.array([40, 50]), 5) is None and nearest([], np.array([0, 0]), 5) is None


def test_labels_of_a_real_clip(recognizer):
    """Nothing is lost to a change that changes nothing, and a face in the dark is not found."""
    model = recognizer.model
    clip = look_at(model, MAN, 4)
    assert clip.faces == 4 and 40 < clip.side < 120
    assert compare(model, clip, BY_NAME["darker"], 1.0) == (4, 4, 4)
    assert compare(model, clip, BY_NAME["darker"], 0.0) == (4, 0, 0)
    visible, found, _ = compare(model, clip, BY_NAME["resolution"], 2 * clip.side)
    assert (visible, found) == (4, 4)
