# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.data.datasets import DATASETS
from image_classification.CFC_SP.support.errors import UserError


def write_fer2013(path, rows):
    lines = [f"{emotion},{' '.join([str(value)] * count)},{usage}" for emotion, value, count, usage in rows]
    path.write_text("emotion,pixels,Usage\n" + "\n".join(lines) + "\n")
    return path


def test_fer2013(tmp_path):
    rows = [(i, 10 * i, 48 * 48, "Training") for i in range(7)] + [(6, 99, 48 * 48, "PrivateTest")]
    write_fer2013(tmp_path / "fer2013.csv", rows)
    data = DATASETS["fer2013"](tmp_path, "train")
    assert [EXPR[number] for number in data.classes] == ["Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral"]
    np.testing.assert_array_equal(data.picture(3), np.full((48, 48, 3), 30))
    assert DATASETS["fer2013"](tmp_path / "fer2013.csv", "test").names == ("fer2013.csv:9",)
    with pytest.raises(UserError, match="expected rows with Usage PublicTest, found none"):
        DATASETS["fer2013"](tmp_path, "val")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((7, 0, 2304, "Training"), "line 2: expected an emotion from 0 to 6, found '7'"),
        ((0, 0, 2303, "Training"), "line 2: expected 2304 numbers from 0 to 255"),
        ((0, 256, 2304, "Training"), "line 2: expected 2304 numbers from 0 to 255"),
    ],
)
def test_fer2013_names_a_wrong_line(row, message, tmp_path):
    with pytest.raises(UserError, match=message):
        DATASETS["fer2013"](write_fer2013(tmp_path / "fer2013.csv", [row]), "train")
