# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.weights.model import build_model
from tools.weights.random_bundle import seeded_bundle


def test_the_program_is_the_network_with_the_weights_of_its_name(tmp_path, tiny_network, small_config):
    model = build_model(load_config("configs/lite/lite_repvgg_coarse.yaml"))
    bundle = seeded_bundle(model, "one", tmp_path)
    crops = example_crops(bundle.manifest["crop"]["size"], 3)
    with paddle.no_grad():
        expected = model(paddle.to_tensor(crops)).numpy()
    np.testing.assert_allclose(PaddleProgram(bundle, "one", onednn=False)(crops)[0], expected, atol=1e-4 * np.abs(expected).max())
