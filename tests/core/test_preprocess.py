# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.preprocess import IMAGENET_MEAN, IMAGENET_STD, LUMA, Preprocess
from tests.static_program import StaticProgram


def resized(picture, after):
    """Bilinear about the pixels' centres, pixel by pixel: [S, S, C] -> [after, after, C]."""
    side = len(picture)
    result = np.zeros((after, after, picture.shape[2]))
    at = [min(max((i + 0.5) * side / after - 0.5, 0), side - 1) for i in range(after)]
    for i, y in enumerate(at):
        for j, x in enumerate(at):
            top, left = int(y), int(x)
            bottom, right = min(top + 1, side - 1), min(left + 1, side - 1)
            above = picture[top, left] * (left + 1 - x) + picture[top, right] * (x - left)
            below = picture[bottom, left] * (left + 1 - x) + picture[bottom, right] * (x - left)
            result[i, j] = above * (top + 1 - y) + below * (y - top)
    return result


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(16, 8), (8, 16), (13, 5), (5, 12), (48, 64)])
@pytest.mark.filterwarnings("ignore:no variable in your model")
def test_crops_are_resized_bilinearly_in_every_engine(sides, channels, tmp_path):
    before, after = sides
    crops = np.random.default_rng(0).integers(0, 256, (8, before, before, 3), dtype=np.uint8)
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if channels == 1:
        crops, mean, std = crops[..., :1].repeat(3, axis=3), np.dot(mean, LUMA), np.dot(std, LUMA)
    layer = Preprocess(before, after, channels)
    expected = np.stack([(resized(crop / 255, after) - mean) / std for crop in crops]).transpose(0, 3, 1, 2)[:, :channels]
    np.testing.assert_allclose(layer(paddle.to_tensor(crops)).numpy(), expected, atol=1e-5)
    inputs = {"crops": ([-1, before, before, 3], "uint8")}
    for onednn in (False, True):
        program = StaticProgram(layer, inputs, tmp_path / "preprocess", onednn)
        np.testing.assert_allclose(program(crops)[0], expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:no variable in your model")
def test_face_networks_of_facex_zoo_see_bgr_about_zero_in_every_engine(tmp_path):
    crops = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    layer = Preprocess(12, 12, 3, "facexzoo")
    expected = ((crops[..., ::-1] - 127.5) / 128).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(layer(paddle.to_tensor(crops)).numpy(), expected, atol=1e-6)
    for onednn in (False, True):
        program = StaticProgram(layer, {"crops": ([-1, 12, 12, 3], "uint8")}, tmp_path / "preprocess", onednn)
        np.testing.assert_allclose(program(crops)[0], expected, atol=1e-6)
    grey = Preprocess(12, 12, 1, "facexzoo")(paddle.to_tensor(crops)).numpy()
    np.testing.assert_allclose(grey[:, 0], (crops @ np.array(LUMA) - 127.5) / 128, atol=1e-5)
