# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.data.datasets import DATASETS
from image_classification.CFC_SP.support.errors import UserError
from tests.picture_folders import named


def test_rafdb(tmp_path):
    table = tmp_path / "EmoLabel" / "list_patition_label.txt"
    table.parent.mkdir()
    lines = [f"train_{i:05d}.jpg {i % 7 + 1}" for i in range(70)] + ["test_0001.jpg 7"]
    table.write_text("\n".join(lines))
    (tmp_path / "Image" / "aligned").mkdir(parents=True)
    train, val, test = (DATASETS["rafdb"](tmp_path, split) for split in ("train", "val", "test"))
    assert named(test) == {"test_0001_aligned.jpg": "Neutral"}
    assert 1 <= len(val) <= 20
    assert len(train) + len(val) == 70
    assert not set(train.names) & set(val.names)
    order = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]
    assert all(label == order[int(name[6:11]) % 7] for name, label in (named(train) | named(val)).items())
    for wrong in ("train_1.jpg 8", "train_1.jpg", "train_1.jpg 0", "train_1.jpg x"):
        table.write_text(f"train_0.jpg 1\n{wrong}\n")
        with pytest.raises(UserError, match="list_patition_label.txt line 2: expected a file name and a number from 1 to 7"):
            DATASETS["rafdb"](tmp_path, "train")
