# SPDX-License-Identifier: Apache-2.0
"""The paper's networks, full size, as the programs that a bundle would hold."""

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.config import CONFIG_FOLDER, load_config
from image_classification.CFC_SP.inference.agreement import TOLERANCE, example_crops
from image_classification.CFC_SP.weights.model import build_model
from image_classification.CFC_SP.weights.random_weights import randomise
from tests.static_program import StaticProgram


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swin_s_coarse", "iresnet152_coarse", "hrnet_coarse", "repvgg_negative"])
def test_the_program_equals_the_network(name, tmp_path):
    config = load_config(CONFIG_FOLDER / f"{name}.yaml")
    model = build_model(config)
    randomise(model, name)
    model.eval()
    crops = example_crops(config.DATA.CROP_SIZE, 8)
    with paddle.no_grad():
        expected = model(paddle.to_tensor(crops)).numpy()
    # Pictures differ by many times what may lie between the program and the network.
    assert np.ptp(expected, axis=0).min() > 0.003 * np.abs(expected).max()
    inputs = {"crops": ([-1, *crops.shape[1:]], "uint8")}
    for onednn in (False, True):
        program = StaticProgram(model, inputs, tmp_path / "network", onednn)
        for batch in (1, 3, 8):
            difference = np.abs(program(crops[:batch])[0] - expected[:batch]).max()
            assert difference <= TOLERANCE * np.abs(expected).max(), (onednn, batch)
