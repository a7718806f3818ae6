# SPDX-License-Identifier: Apache-2.0
from image_classification.CFC_SP.core import labels


def test_expr_is_in_the_order_of_abaw3():
    assert labels.EXPR == ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")


def test_coarse_and_negative_split_expr():
    assert sorted(labels.EXPR) == sorted([name for name in labels.COARSE if name != "Negative"] + list(labels.NEGATIVE))
    assert set(labels.NEGATIVE) == {"Anger", "Disgust", "Fear", "Sadness"}


def test_negative_is_the_last_coarse_class():
    assert labels.COARSE[labels.NEGATIVE_CLASS] == labels.COARSE[-1] == "Negative"


def test_maps_by_name():
    coarse = {name: labels.COARSE[index] for name, index in zip(labels.EXPR, labels.EXPR_TO_COARSE, strict=True)}
    assert coarse == {
        "Neutral": "Neutral",
        "Anger": "Negative",
        "Disgust": "Negative",
        "Fear": "Negative",
        "Happiness": "Happiness",
        "Sadness": "Negative",
        "Surprise": "Surprise",
        "Other": "Other",
    }
    assert labels.EXPR_TO_NEGATIVE == (-1, 0, 1, 2, -1, 3, -1, -1)
    assert labels.COARSE_TO_EXPR == (0, 4, 6, 7, -1)
    assert labels.NEGATIVE_TO_EXPR == (1, 2, 3, 5)


def test_there_and_back():
    for index, (coarse, negative) in enumerate(zip(labels.EXPR_TO_COARSE, labels.EXPR_TO_NEGATIVE, strict=True)):
        if coarse == labels.NEGATIVE_CLASS:
            assert labels.NEGATIVE_TO_EXPR[negative] == index
        else:
            assert negative == labels.IGNORED
            assert labels.COARSE_TO_EXPR[coarse] == index


def test_every_stage_names_its_classes_and_maps_expr_into_them():
    assert labels.STAGES.keys() == labels.EXPR_TO_STAGE.keys()
    for stage, names in labels.STAGES.items():
        mapped = labels.EXPR_TO_STAGE[stage]
        assert len(mapped) == len(labels.EXPR)
        assert set(mapped) - {labels.IGNORED} == set(range(len(names)))
    assert [labels.EXPR[index] for index in labels.EXPR_TO_STAGE["flat"]] == list(labels.EXPR)
