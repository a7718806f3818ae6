# SPDX-License-Identifier: Apache-2.0
"""The picture of two annotations: its colours say what they say."""

import numpy as np
from PIL import Image

from image_classification.CFC_SP.core.annotation import Interval, annotation_from
from image_classification.CFC_SP.scoring.agreement_picture import draw_agreement
from image_classification.CFC_SP.scoring.rater_agreement import compare
from image_classification.CFC_SP.writers.palette import COLOURS


def share_of(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((picture == colour).all(-1).mean())


def test_bands_have_the_classes_colours_and_black_where_they_differ(tmp_path):
    ours = annotation_from([Interval("1", 0.0, 500.0, "Anger"), Interval("1", 500.0, 1000.0, "Fear")])
    theirs = annotation_from(
        [Interval("1", 0.0, 250.0, "Anger"), Interval("1", 250.0, 750.0, "Fear"), Interval("1", 900.0, 900.1, "Anger")]
    )
    draw_agreement(compare(ours, theirs).tracks, ("a$b", "c$d.eaf"), tmp_path / "a.png")
    picture = np.array(Image.open(tmp_path / "a.png").convert("RGB"))
    anger, fear, black = (share_of(picture, colour) for colour in (COLOURS["Anger"], COLOURS["Fear"], (0, 0, 0)))
    # Ours has as much of one as of the other, theirs half as much and as much.
    assert 0.6 < anger / fear < 0.9 and 0.15 < black / (anger + fear) < 0.35 and anger > 0.02
