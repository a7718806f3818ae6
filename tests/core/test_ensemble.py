# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.ensemble import Ensemble, stage_logits
from image_classification.CFC_SP.core.labels import COARSE, EXPR, NEGATIVE
from image_classification.CFC_SP.core.reference import softmax
from tests.static_program import StaticProgram


def flat_logits(rows=50):
    """Logits of a flat network, some of them far apart."""
    rng = np.random.default_rng(0)
    return rng.normal(0, np.linspace(0.1, 40, rows)[:, None], (rows, len(EXPR))).astype(np.float32)


class Fixed(paddle.nn.Layer):
    """A network that gives each crop its first bytes as logits, and counts how often it ran."""

    def __init__(self, classes, scale):
        super().__init__()
        self.classes, self.runs = classes, 0
        self.register_buffer("scale", paddle.to_tensor([scale]))

    def forward(self, crops):
        self.runs += 1
        return crops[:, 0, 0, : self.classes].astype("float32") * self.scale


class StageLogits(paddle.nn.Layer):
    def forward(self, logits):
        return stage_logits(logits, "flat", "coarse"), stage_logits(logits, "flat", "negative")


@pytest.mark.parametrize("mode", ["eager", "static", "static with oneDNN"])
@pytest.mark.filterwarnings("ignore:no variable in your model")
def test_a_flat_network_shares_its_probabilities_between_the_stages(mode, tmp_path):
    logits = flat_logits()
    if mode == "eager":
        coarse, negative = (output.numpy() for output in StageLogits()(paddle.to_tensor(logits)))
    else:
        program = StaticProgram(StageLogits(), {"logits": ([-1, 8], "float32")}, tmp_path / "flat", mode == "static with oneDNN")
        coarse, negative = program(logits)
    for row, five, four in zip(logits, coarse, negative, strict=True):
        eight = dict(zip(EXPR, softmax(row.astype(float)), strict=True))
        merged = sum(eight[name] for name in NEGATIVE)
        np.testing.assert_allclose(softmax(five), [merged if name == "Negative" else eight[name] for name in COARSE], atol=1e-5)
        np.testing.assert_array_equal(four, [row[EXPR.index(name)] for name in NEGATIVE])


def test_a_network_of_the_stage_keeps_its_logits():
    logits = paddle.to_tensor(flat_logits()[:, :5])
    assert stage_logits(logits, "coarse", "coarse") is logits


def test_networks_stand_in_their_order_and_a_shared_one_runs_once():
    coarse, negative, flat = Fixed(5, 0.5), Fixed(4, 0.25), Fixed(8, 0.1)
    crops = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 8), dtype=np.uint8)
    ensemble = Ensemble({"coarse": [(flat, "flat"), (coarse, "coarse")], "negative": [(negative, "negative"), (flat, "flat")]})
    found_coarse, found_negative = (output.numpy() for output in ensemble(paddle.to_tensor(crops)))
    assert found_coarse.shape == (2, 3, 5) and found_negative.shape == (2, 3, 4)
    assert [network.runs for network in (coarse, negative, flat)] == [1, 1, 1]
    first = crops[:, 0, 0].astype(np.float32)
    np.testing.assert_allclose(found_coarse[1], first[:, :5] * 0.5)
    np.testing.assert_allclose(found_negative[0], first[:, :4] * 0.25)
    np.testing.assert_allclose(found_negative[1], first[:, [EXPR.index(name) for name in NEGATIVE]] * 0.1, rtol=1e-6)
    np.testing.assert_allclose(found_coarse[0][:, 0], first[:, EXPR.index("Neutral")] * 0.1, rtol=1e-6)


def test_one_stage_alone_is_one_tensor():
    crops = paddle.zeros([2, 8, 8, 8], "uint8")
    assert Ensemble({"negative": [(Fixed(4, 1.0), "negative")]})(crops).shape == [1, 2, 4]
