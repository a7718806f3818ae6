# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Faces
from image_classification.CFC_SP.preparing.face_crops import PersonPicker, base_name, pick_face, side_of


def test_the_person_is_picked_by_side_then_size():
    boxes = np.array([[0, 0, 30, 30], [40, 0, 60, 20], [50, 0, 100, 50]], np.float32)
    assert [pick_face(boxes, 100, side) for side in (None, "left", "right")] == [2, 0, 2]
    assert pick_face(boxes[2:], 100, "left") is None
    assert pick_face(boxes[:0], 100, None) is None
    assert (side_of("clip_left"), side_of("clip"), base_name("clip_right"), base_name("left")) == ("left", None, "clip", "left")


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_person_who_crosses_stays_who_they_are(side):
    """Two faces of other sizes change sides, one in front of the other's place at another height."""
    picker, chosen = PersonPicker(side), []
    for i in range(41):
        boxes = np.array([[5 * i, 10, 5 * i + 40, 50], [200 - 5 * i, 60, 260 - 5 * i, 120]], np.float32)
        faces = Faces(boxes, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32))
        chosen.append(picker.pick(i / 25, np.zeros((150, 260, 3), np.uint8), faces))
    assert [face.boxes[:, 1].tolist() for face in chosen] == [[10 if side == "left" else 60]] * 41
    nobody = Faces(boxes[:0], np.ones(0, np.float32), np.zeros((0, 5, 2), np.float32))
    assert len(picker.pick(2.0, np.zeros((150, 260, 3), np.uint8), nobody)) == 0
