# SPDX-License-Identifier: Apache-2.0
import csv

import numpy as np
import pytest

from image_classification.CFC_SP.data.affwild2 import read_annotation
from image_classification.CFC_SP.preparing.clip_script import NOBODY, Script
from image_classification.CFC_SP.preparing.rendering import draw_places
from image_classification.CFC_SP.preparing.simulated_clip import BOX_COLUMNS, write_clip
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video

LABELS = [4, 4, -1, -1, 7, 7]
NEXT = [NOBODY, NOBODY, 2, 2, NOBODY, NOBODY]
SCRIPT = Script(
    np.array([1, 1, 1, 1, 2, NOBODY]),
    np.array(NEXT),
    np.float32([0, 0, 0.3, 0.6, 0, 0]),
    np.array(LABELS),
)
FACES = {1: np.full((48, 48), 200, np.uint8), 2: np.full((48, 48), 90, np.uint8)}


def test_the_files_of_a_clip(tmp_path):
    video, annotation, boxes = (tmp_path / name for name in ("a.mp4", "a.txt", "a.csv"))
    write_clip(SCRIPT, FACES, (5, 6), video, annotation, boxes)
    assert read_annotation(annotation).tolist() == LABELS
    with open_video(video) as reader:
        frames = [frame.image for frame in reader]
    assert len(frames) == len(LABELS)
    with open(boxes, newline="") as file:
        rows = list(csv.DictReader(file))
    # Frames that fully show a face, and no others.
    assert [int(row["frame"]) for row in rows] == [0, 1, 4]
    places = draw_places(len(LABELS), np.random.default_rng((5, 6)))
    for row, grey in zip(rows, (200, 200, 90), strict=True):
        frame = int(row["frame"])
        np.testing.assert_allclose([float(row[name]) for name in BOX_COLUMNS[1:]], places[frame, :3], atol=0.01)
        x, y = round(float(row["x"])), round(float(row["y"]))
        # Within what exposure and side light change.
        assert frames[frame][y - 9 : y + 9, x - 9 : x + 9].mean() == pytest.approx(grey, rel=0.5)
    assert frames[0][y, x].mean() > frames[4][y, x].mean() + 30


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot be written .No such file or directory.; the disk may be full"):
        write_clip(SCRIPT, FACES, (5, 6), *(tmp_path / "gone" / "videos" / name for name in ("a.mp4", "a.txt", "a.csv")))
