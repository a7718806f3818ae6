# SPDX-License-Identifier: Apache-2.0
import itertools

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import Face, FrameResult
from image_classification.CFC_SP.writers.overlay import Overlay
from image_classification.CFC_SP.writers.palette import COLOURS


def face(box, label="Happiness", track=1, probabilities=None):
    if probabilities is None:
        probabilities = tuple(0.65 if name == label else 0.05 for name in EXPR)
    coarse = "Negative" if label in ("Anger", "Disgust", "Fear", "Sadness") else label
    return Face(track, box, 0.99, label, probabilities[EXPR.index(label)], coarse, label, probabilities)


def drawn(width, height, *faces, overlay=None):
    image = np.full((height, width, 3), 128, np.uint8)
    (overlay or Overlay(width, height)).draw(image, FrameResult(0, 0.0, faces))
    return image


def pixels(image, colour):
    return (image == np.array(colour, np.uint8)).all(-1)


def changed(image):
    ys, xs = np.nonzero((image != 128).any(-1))
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


def test_a_frame_without_a_face_stays_as_it_is():
    assert (drawn(64, 48) == 128).all()


@pytest.mark.parametrize("label", EXPR)
def test_the_box_has_the_labels_colour(label):
    edge = pixels(drawn(640, 480, face((200, 100, 300, 220), label)), COLOURS[label])
    assert edge[150, 200] and edge[150, 299] and edge[219, 250] and not edge[150, 250]


@pytest.mark.parametrize(
    "width, height, box", [(176, 144, (55, 30, 115, 105)), (640, 480, (200, 100, 300, 220)), (1920, 1080, (800, 300, 1100, 700))]
)
def test_bars_are_as_long_as_the_probabilities_say(width, height, box):
    probabilities = (0.0, 0.25, 0.05, 0.1, 0.4, 0.05, 0.05, 0.1)
    image = drawn(width, height, face(box, probabilities=probabilities))
    image[:, : box[2] + 2] = 128
    empty = pixels(image, (80, 80, 80))
    columns = np.flatnonzero(empty[empty.sum(1).argmax()])
    # The last unbroken run: smoothed letters to its left hold a few pixels of the bars' colours.
    columns = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)[-1]
    bars = image[:, columns[0] : columns[-1] + 1]
    for name, probability in zip(EXPR, probabilities, strict=True):
        length = pixels(bars, COLOURS[name]).sum(1).max()
        assert length == pytest.approx(probability * bars.shape[1], abs=0.51)


@pytest.mark.parametrize("width, height", [(176, 144), (640, 360), (1280, 720)])
def test_a_face_near_any_edge_has_its_whole_panel_in_the_frame(width, height):
    side = height // 3
    middle = drawn(width, height, face(((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)))
    expected = np.count_nonzero(pixels(middle, (80, 80, 80)))
    for x in (-side // 3, 0, width - side, width - side * 2 // 3):
        for y in (-side // 3, 0, height - side, height - side * 2 // 3):
            image = drawn(width, height, face((x, y, x + side, y + side)))
            assert np.count_nonzero(pixels(image, (80, 80, 80))) >= 0.5 * expected


def test_a_panel_hides_no_other_face():
    boxes = [(300, 200, 400, 320), (410, 200, 510, 320), (190, 200, 290, 320)]
    image = drawn(1280, 720, *(face(box, track=i + 1) for i, box in enumerate(boxes)))
    for x1, y1, x2, y2 in boxes:
        assert (image[y1 + 10 : y2 - 10, x1 + 10 : x2 - 10] == 128).all()


@pytest.mark.parametrize("width, height", [(176, 144), (480, 480), (1280, 720)])
def test_a_face_that_fills_the_frame_has_a_panel_that_leaves_most_of_it_free(width, height):
    image = drawn(width, height, face((4, 14, width - 4, height - 4)))
    assert pixels(image, (80, 80, 80)).any()
    assert (image[20:-8, 8:-8] != 128).any(-1).mean() < 0.3


def test_a_panel_keeps_its_place_while_its_face_trembles():
    def panel(x, overlay):
        image = drawn(320, 240, face((x, 100, x + 60, 170)), overlay=overlay)
        return np.count_nonzero(pixels(image, (80, 80, 80))), bool(pixels(image, (80, 80, 80))[:, :x].any())

    fresh = [panel(x, Overlay(320, 240)) for x in range(120, 260)]
    turns = [x for x, (a, b) in enumerate(itertools.pairwise(fresh), 121) if a != b]
    assert turns, "somewhere on its way to the edge the panel must change"
    for turn in turns:
        overlay = Overlay(320, 240)
        assert len({panel(x, overlay) for x in [turn - 1, turn] * 4}) == 1


def test_a_crowd_of_tiny_faces_gets_boxes_and_tags_but_not_a_wall_of_panels():
    faces = [face((x, y, x + 12, y + 15), track=x + y) for x in range(20, 600, 60) for y in range(20, 340, 40)]
    image = drawn(640, 360, *faces)
    assert np.count_nonzero(pixels(image, (80, 80, 80))) == 0
    for one in faces:
        assert pixels(image, COLOURS["Happiness"])[int(one.box[1]) + 14, int(one.box[0]) : int(one.box[0]) + 12].any()


@pytest.mark.parametrize("width, height", [(2, 2), (16, 16), (40, 300), (300, 24)])
@pytest.mark.parametrize("box", [(0, 0, 10, 10), (-50, -50, -10, -10), (500, 500, 600, 600), (5, 5, 5, 5), (-9, -9, 900, 900)])
def test_no_size_and_no_box_is_too_odd(width, height, box):
    assert drawn(width, height, face(box)).shape == (height, width, 3)


def test_the_tag_says_the_label_in_ink_that_stands_out():
    image = drawn(640, 480, face((200, 100, 400, 320)))
    x1, y1, x2, y2 = changed(image[:99, :400])
    tag = image[y1 : y2 - 1, x1:x2]
    ink = pixels(tag, (0, 0, 0))
    assert pixels(tag, COLOURS["Happiness"]).mean() > 0.3 and ink.mean() > 0.05
    other = drawn(640, 480, face((200, 100, 400, 320), track=2))[y1 : y2 - 1, x1:x2]
    assert cv2.absdiff(tag, other).any()
