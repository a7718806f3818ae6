# SPDX-License-Identifier: Apache-2.0
import csv
from itertools import islice

import numpy as np
import pytest

from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.video.reader import open_video
from tests.clips import real_clip, write_clip
from tools import score_following


def test_a_row_a_clip(tmp_path, capsys):
    """The talking man hardly moves within eight frames: the follower finds what the detector does."""
    with open_video(real_clip("carphone_pristine.mp4")) as video:
        clip = write_clip(tmp_path / "man.mp4", [frame.image[:, :192] for frame in islice(video, 8)])
    assert run_script(score_following, ["-video", str(clip), "-out", str(tmp_path / "following.csv")]) == 0
    with open(tmp_path / "following.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["clip"], row["frames"], row["faces"], row["extra"]) == ("man.mp4", "8", "8", "0")
    assert (row["found_share"], row["same_label"]) == ("1.0", "1.0") and 0 < float(row["landmarks"]) < 0.05
    assert "found_share over all faces: 1.0000" in capsys.readouterr().out


@pytest.mark.parametrize(("shift", "pairs"), [(0, [(0, 0), (1, 1)]), (3, [(0, 0), (1, 1)]), (8, [])])
def test_boxes_that_share_half_of_their_union_are_one_face(shift, pairs):
    boxes = np.array([[0, 0, 10, 10], [50, 0, 60, 10]], np.float32)
    known, found = score_following._paired(boxes, boxes + np.float32([shift, 0, shift, 0]))
    assert list(zip(known.tolist(), found.tolist(), strict=True)) == pairs
