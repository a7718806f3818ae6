# SPDX-License-Identifier: Apache-2.0
import csv

import cv2
import numpy as np

from image_classification.CFC_SP.scoring.confusion import draw_confusion, write_confusion

COUNTS = np.array([[8, 2], [0, 5]])


def test_the_table_has_the_counts_under_the_names(tmp_path):
    write_confusion(COUNTS, ("Anger", "Fear"), tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["true", "Anger", "Fear"], ["Anger", "8", "2"], ["Fear", "0", "5"]]


def test_the_picture_is_darker_where_more_of_a_class_lies(tmp_path):
    """A class without a picture is no division by zero."""
    draw_confusion(np.array([[10, 0, 0], [0, 0, 10], [0, 0, 0]]), ("a", "b", "c"), "title", tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_GRAYSCALE)
    dark = np.argwhere(picture < 100)
    top, bottom = (dark[dark[:, 0] < picture.shape[0] * share] for share in (0.3, 0.6))
    # The first class lies on its own, the second on the third: the dark squares are top left and middle right.
    assert top[:, 1].mean() < 0.45 * picture.shape[1]
    assert bottom[bottom[:, 0] > 0.4 * picture.shape[0]][:, 1].mean() > 0.55 * picture.shape[1]
