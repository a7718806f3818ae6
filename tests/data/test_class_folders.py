# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.data.datasets import DATASETS
from image_classification.CFC_SP.support.errors import UserError
from tests.picture_folders import named, write_picture


def test_class_folders(tmp_path):
    for i, name in enumerate(["happy", "Anger", "CONTEMPT", "neutral"]):
        write_picture(tmp_path / "train" / name / "b.png", i)
    write_picture(tmp_path / "train" / "happy" / "a.jpg", 200)
    (tmp_path / "train" / "happy" / "notes.txt").write_text("no picture")
    data = DATASETS["folders"](tmp_path, "train")
    expected = {
        "Anger/b.png": "Anger",
        "CONTEMPT/b.png": "Other",
        "happy/a.jpg": "Happiness",
        "happy/b.png": "Happiness",
        "neutral/b.png": "Neutral",
    }
    assert named(data) == expected
    np.testing.assert_array_equal(data.votes.argmax(1), data.classes)
    np.testing.assert_array_equal(data.picture(2), np.full((12, 10, 3), 200))
    with pytest.raises(UserError, match="no folder .*val: expected the unpacked data set"):
        DATASETS["folders"](tmp_path, "val")
    write_picture(tmp_path / "train" / "bored" / "a.png", 0)
    with pytest.raises(UserError, match="expected a folder named after a class .*, found 'bored'"):
        DATASETS["folders"](tmp_path, "train")
