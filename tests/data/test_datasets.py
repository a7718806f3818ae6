# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.data.datasets import as_stage, load_split
from image_classification.CFC_SP.support.errors import UserError

# Shares of Neutral, Anger, Disgust, Fear, Happiness, Sadness, Surprise, Other.
VOTES = [
    [0.6, 0.1, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0],
    [0.2, 0.4, 0.1, 0.1, 0.0, 0.2, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.7],
    [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.2, 0.7, 0.1, 0.0],
]
CLASSES = [EXPR.index(name) for name in ("Neutral", "Anger", "Other", "Fear", "Sadness")]
# Per stage: the pictures it uses, their labels, their targets; written out by hand.
STAGES = {
    # Neutral, Happiness, Surprise, Other, Negative
    "coarse": (
        [0, 1, 2, 3, 4],
        [0, 4, 3, 4, 4],
        [[0.6, 0.1, 0, 0, 0.3], [0.2, 0, 0, 0, 0.8], [0, 0, 0, 0.7, 0.3], [0, 0, 0.5, 0, 0.5], [0, 0.2, 0.1, 0, 0.7]],
    ),
    # Anger, Disgust, Fear, Sadness; votes for other classes have no say.
    "negative": ([1, 3, 4], [0, 2, 3], [[0.5, 0.125, 0.125, 0.25], [0, 0, 1, 0], [0, 0, 0, 1]]),
    "flat": ([0, 1, 2, 3, 4], CLASSES, VOTES),
}


@pytest.mark.parametrize("stage", STAGES)
def test_as_stage(pictures, stage):
    indices, labels, targets = STAGES[stage]
    data = as_stage(pictures(CLASSES, VOTES), stage, "votes")
    np.testing.assert_array_equal(data.indices, indices)
    np.testing.assert_array_equal(data.labels, labels)
    np.testing.assert_allclose(data.targets, targets, atol=1e-6)
    assert data.targets.dtype == np.float32
    assert len(data) == len(indices)
    for i, index in enumerate(indices):
        np.testing.assert_array_equal(data.picture(i), data.source.pictures[index])
        assert data.name(i) == f"{index}.png"


@pytest.mark.parametrize("stage", STAGES)
def test_single_targets_are_the_majority_class(pictures, stage):
    data = as_stage(pictures(CLASSES, VOTES), stage, "single")
    assert data.targets.dtype == np.float32
    np.testing.assert_array_equal(data.targets.argmax(1), STAGES[stage][1])
    np.testing.assert_array_equal(np.sort(data.targets, axis=1)[:, -2:], [[0, 1]] * len(data))


def test_counts_name_every_class(pictures):
    data = as_stage(pictures(CLASSES, VOTES), "coarse", "votes")
    assert data.counts() == {"Neutral": 1, "Happiness": 0, "Surprise": 0, "Other": 1, "Negative": 3}


@pytest.mark.parametrize("packed", ["folder", "zip"])
def test_load_split(packed, ferplus, ferplus_zip, small_config):
    config = small_config({"DATA.ROOT": ferplus if packed == "folder" else ferplus_zip, "STAGE": "negative"})
    data = load_split(config, "train")
    assert data.counts() == {"Anger": 14, "Disgust": 14, "Fear": 14, "Sadness": 14}
    # Anger's pictures have 8 votes for it and 2 for disgust; fear's second votes are for contempt, which this stage does not know.
    np.testing.assert_allclose(data.targets[data.labels == 0][0], [0.8, 0.2, 0, 0])
    np.testing.assert_allclose(data.targets[data.labels == 2][0], [0, 0, 1, 0])


def test_unknown_data_set(small_config):
    with pytest.raises(UserError, match="DATA.NAME: expected one of affectnet, .*, rafdb, found 'imagenet'"):
        load_split(small_config({"DATA.NAME": "imagenet"}), "train")


def test_training_needs_every_class(write_ferplus, small_config, tmp_path):
    votes = [9 if i == 0 else 0 for i in range(10)]
    rows = [(usage, "fer0000000.png", votes, np.zeros((48, 48), np.uint8)) for usage in ("Training", "PublicTest")]
    config = small_config({"DATA.ROOT": write_ferplus(tmp_path / "fer", rows)})
    with pytest.raises(UserError, match="found none of Happiness, Surprise, Other, Negative"):
        load_split(config, "train")
    assert len(load_split(config, "val")) == 1
