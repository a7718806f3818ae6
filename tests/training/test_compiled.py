# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.training.compiled import compile_network
from image_classification.CFC_SP.training.steps import StaticStep
from image_classification.CFC_SP.weights.model import build_model


@pytest.mark.parametrize(
    "name",
    ["repvgg_lite", "mobilenet_face", *(pytest.param(f"{family}_lite", marks=pytest.mark.slow) for family in ("swin", "iresnet", "hrnet"))],
)
def test_the_fast_form_equals_the_eager_one(small_config, name):
    config = small_config({"MODEL.NAME": name, "MODEL.INPUT_SIZE": 48, "DATA.CROP_SIZE": 48})
    paddle.seed(0)
    model = build_model(config)
    model.eval()
    crops = np.random.default_rng(0).integers(0, 256, (6, 48, 48, 3), dtype=np.uint8)
    expected = model(paddle.to_tensor(crops)).numpy()
    run = compile_network(model, "cpu", 8)
    np.testing.assert_allclose(run(crops), expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(run(crops[:2]), run(crops)[:2])


def test_training_goes_on_as_if_nothing_had_run_between():
    """At the shipped network's own size, where oneDNN has a choice of kernels."""
    config = load_config("configs/lite/lite_repvgg_flat.yaml", ["TRAIN.BATCH_SIZE", "32"])
    draw = np.random.default_rng(0)
    batches = [(draw.integers(0, 256, (32, 48, 48, 3), dtype=np.uint8), np.eye(8, dtype=np.float32)[draw.integers(0, 8, 32)]) for _ in "ab"]
    states = []
    for between in (False, True):
        paddle.seed(0)
        model = build_model(config)
        step = StaticStep(config, model, 10)
        for crops, targets in batches:
            paddle.seed(1)
            step(crops, targets)
            if between:
                compile_network(build_model(config), "cpu", 8)(crops[:8])
        states.append(step.state())
    for name, value in states[0].items():
        np.testing.assert_array_equal(states[1][name], value, err_msg=name)
