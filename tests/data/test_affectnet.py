# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.data.datasets import DATASETS
from image_classification.CFC_SP.data.picture_files import is_held_out
from image_classification.CFC_SP.support.errors import UserError
from tests.picture_folders import named, write_picture


def test_affectnet(tmp_path):
    for i in range(44):
        for folder in ("train_set", "val_set")[: 1 if i >= 11 else 2]:
            write_picture(tmp_path / folder / "images" / f"{i}.jpg", 0)
            (tmp_path / folder / "annotations").mkdir(exist_ok=True)
            np.save(tmp_path / folder / "annotations" / f"{i}_exp.npy", np.array(str(i % 11)))
    order = ["Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Other"]
    assert named(DATASETS["affectnet"](tmp_path, "test")) == {f"{i}.jpg": name for i, name in enumerate(order)}
    train, val = (DATASETS["affectnet"](tmp_path, split) for split in ("train", "val"))
    assert sorted([*train.names, *val.names]) == sorted(f"{i}.jpg" for i in range(44) if i % 11 < 8)
    assert all(is_held_out(name) for name in val.names)
    np.save(tmp_path / "val_set" / "annotations" / "0_exp.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="0_exp.npy: expected AffectNet's annotation"):
        DATASETS["affectnet"](tmp_path, "test")
