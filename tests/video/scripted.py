# SPDX-License-Identifier: Apache-2.0
"""A detector that knows where the faces are, and frames that carry their number."""

import numpy as np

from image_classification.CFC_SP.core.records import Faces, Frame
from image_classification.CFC_SP.video.detector import overlapping
from tests import clips

SIDE = 20
# Two pictures that differ as shots do; the lower left pixel of each frame carries its number.
SCENE, OTHER = clips.pictures(1)[0], 255 - clips.pictures(1)[0][::-1]


def faces_at(corners):
    boxes = np.array([[x, y, x + SIDE, y + SIDE] for x, y in corners], np.float32).reshape(-1, 4)
    return Faces(boxes, np.ones(len(boxes), np.float32), np.zeros((len(boxes), 5, 2), np.float32))


class Scripted:
    """A detector that finds `truth[i]` in frame i, and follows a box to a face that is less than half a side away."""

    def __init__(self, truth, unseen=()):
        self.truth, self.unseen, self.detected, self.searched_for_others = truth, set(unseen), [], []

    def detect(self, image):
        self.detected.append(int(image[-1, 0, 0]))
        return faces_at(self.truth[image[-1, 0, 0]])

    def detect_others(self, image, known):
        self.searched_for_others.append(int(image[-1, 0, 0]))
        faces = faces_at(self.truth[image[-1, 0, 0]])
        return faces[~overlapping(faces.boxes, known)]

    def follow_all(self, image, boxes):
        faces = self.follow(image, boxes)
        return faces if len(faces) == len(boxes) else None

    def follow(self, image, boxes):
        number = image[-1, 0, 0]
        truth = [] if number in self.unseen else self.truth[number]
        return faces_at([c for c in truth if any(np.abs(np.subtract(c, box[:2])).max() < SIDE / 2 for box in boxes)])


def frames(count, fps=30, cuts=()):
    picture = SCENE
    for i in range(count):
        picture = (OTHER if picture is SCENE else SCENE) if i in cuts else picture
        image = picture.copy()
        image[-1, 0] = i
        yield Frame(i, i / fps, image)
