# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.cascade import Cascade
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.labels import EXPR
from tools.footage.calibration import TEMPERATURES, calibrated, fit_calibration


def test_it_is_what_the_cascade_does():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (1, 30, 5)).astype(np.float32), rng.normal(0, 2, (1, 30, 4)).astype(np.float32)
    arrays = [*logits, np.ones(30, bool), np.array([6]), np.array([1])]
    found = {}
    for temperatures in ((1.0, 1.0), (0.6, 1.5)):
        layer = Cascade([Temperature()], [Temperature()], "count", "routed", None, {"probabilities": temperatures})
        found[temperatures] = layer(*map(paddle.to_tensor, arrays))[3].numpy()
    np.testing.assert_allclose(calibrated(found[1.0, 1.0], 0.6, 1.5), found[0.6, 1.5], atol=1e-5)


@pytest.mark.parametrize("temperatures", [(TEMPERATURES[3], TEMPERATURES[12]), (TEMPERATURES[10], TEMPERATURES[5])])
def test_confidence_that_was_made_wrong_is_put_right(temperatures):
    """Classes drawn from probabilities, and these then spoilt by the powers that calibrating takes back."""
    rng = np.random.default_rng(1)
    honest = rng.dirichlet(np.full(8, 0.4), 15_000)
    truth = (rng.random((len(honest), 1)) > honest.cumsum(1)).sum(1).clip(max=7)
    spoilt = calibrated(honest, *(1 / temperature for temperature in temperatures))
    np.testing.assert_allclose(calibrated(spoilt, *temperatures), honest, atol=1e-9)
    # Of both groups, so that both temperatures tell.
    said = np.where(rng.random(len(honest)) < 0.5, EXPR.index("Anger"), EXPR.index("Neutral"))
    coarse, negative = fit_calibration(spoilt, said, said == truth)
    assert (coarse, negative) == pytest.approx(temperatures, rel=0.3)
