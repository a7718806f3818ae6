# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest
from scipy.special import softmax

from image_classification.CFC_SP.core.cascade_arrays import decide_rows, label_of, routed, stage_rows, vote_of
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.ensemble import stage_logits
from image_classification.CFC_SP.core.labels import COARSE, EXPR
from image_classification.CFC_SP.core.reference import decide_by_loop

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("stage", ["coarse", "negative", "flat"])
def test_a_flat_networks_rows_are_those_of_the_layer(stage):
    logits = RNG.normal(0, 3, (8, 30)).astype(np.float32)
    expected = logits.T if stage == "flat" else stage_logits(paddle.to_tensor(logits.T), "flat", stage).numpy()
    np.testing.assert_allclose(stage_rows(logits, stage).T, expected, rtol=1e-5, atol=1e-6)


def test_decisions_are_those_of_the_loop():
    coarse, negative = RNG.normal(0, 2, (2, 200, 5)), RNG.normal(0, 2, (3, 200, 4))
    labels, stages, probabilities = decide_by_loop(
        coarse, negative, np.ones(200, bool), 0, [Temperature()] * 2, [Temperature()] * 3, "count", "routed"
    )
    decided = vote_of([softmax(network.T, axis=0) for network in coarse])
    sent = routed(decided)
    np.testing.assert_array_equal(sent, stages == COARSE.index("Negative"))
    found, confidences = decide_rows(decided, vote_of([softmax(network.T[:, sent], axis=0) for network in negative]))
    np.testing.assert_array_equal(found, labels)
    np.testing.assert_allclose(confidences, probabilities[np.arange(200), labels])
    assert 20 < sent.sum() < 180 and len(set(found)) == len(EXPR)


def test_the_label_of_eight_is_the_cascades():
    """Four negative classes together outweigh a plain one that is likelier than each of them."""
    logits = RNG.normal(0, 2, (1, 300, 5)), RNG.normal(0, 1, (1, 300, 4))
    labels, _, probabilities = decide_by_loop(*logits, np.ones(300, bool), 0, [Temperature()], [Temperature()], "count", "routed")
    found = [label_of(row) for row in probabilities]
    np.testing.assert_array_equal(found, labels)
    assert (found != probabilities.argmax(1)).any()


def test_what_is_voted_on_stays_as_it_is():
    networks = [np.full((5, 2), 0.25), np.full((5, 2), 0.75)]
    np.testing.assert_array_equal(vote_of(networks), np.full((5, 2), 0.5))
    assert (networks[0] == 0.25).all()
