# SPDX-License-Identifier: Apache-2.0
"""Two configs side by side."""

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.training.config_differences import config_differences


def test_keys_are_named_in_full_and_places_may_differ():
    one, other = (load_config("configs/lite/lite_repvgg_flat.yaml") for _ in range(2))
    other.defrost()
    other.OUTPUT, other.DATA.ROOT, other.SEED, other.TRAIN.BATCH_SIZE = "elsewhere", "moved.zip", one.SEED + 1, 7
    assert config_differences(one, other) == {"SEED": (one.SEED, one.SEED + 1), "TRAIN.BATCH_SIZE": (one.TRAIN.BATCH_SIZE, 7)}
    assert config_differences(one, one) == {}
