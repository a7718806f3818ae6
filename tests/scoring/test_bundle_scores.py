# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import COARSE, EXPR, NEGATIVE
from image_classification.CFC_SP.core.reference import decide_by_loop
from image_classification.CFC_SP.data.ferplus import load_ferplus
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.scoring.bundle_scores import evaluate_bundle
from image_classification.CFC_SP.support.errors import UserError
from tests.bundles import temperatures_of


@pytest.mark.parametrize("flip", [False, True])
def test_scores_are_those_of_the_cascade_picture_by_picture(lite, ferplus, flip):
    every = evaluate_bundle(lite, ferplus, split="test", flip=flip, device="cpu").scores
    scores = every["cascade"]
    bundle, data = open_bundle(lite), load_ferplus(ferplus, "test")
    frame, temperatures = PaddleProgram(bundle, "frame"), temperatures_of(bundle.manifest)
    confusion = np.zeros((len(EXPR), len(EXPR)), int)
    for index in range(len(data)):
        views = [data.picture(index)[None], data.picture(index)[None, :, ::-1]][: 1 + flip]
        coarse, negative = (np.mean(logits, axis=0) for logits in zip(*map(frame, views), strict=True))
        labels, _, _ = decide_by_loop(coarse, negative, [True], 0, *temperatures, "count", "routed")
        confusion[data.classes[index], labels[0]] += 1
    np.testing.assert_array_equal(scores.confusion, confusion)
    merge = np.eye(5, dtype=int)[[COARSE.index(name) if name in COARSE else 4 for name in EXPR]]
    np.testing.assert_array_equal(every["coarse"].confusion, merge.T @ confusion @ merge)
    assert every["negative"].confusion.sum() == confusion[[EXPR.index(name) for name in NEGATIVE]].sum()
    assert 0 <= scores.ece <= 1
    assert scores.accuracy == pytest.approx(np.trace(confusion) / confusion.sum())


def test_an_unknown_data_set_is_told(lite, ferplus):
    with pytest.raises(UserError, match="expected one of .*ferplus.*, found 'faces'"):
        evaluate_bundle(lite, ferplus, dataset="faces")
