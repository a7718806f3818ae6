import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.training.fast_forward import fast_forward
from image_classification.CFC_SP.training.model import build_model


@pytest.mark.parametrize(
    "name", ["repvgg_lite", *(pytest.param(f"{family}_lite", marks=pytest.mark.slow) for family in ("swin", "iresnet", "hrnet"))]
)
def test_the_fast_form_equals_the_eager_one(small_config, name):
    config = small_config({"MODEL.NAME": name, "MODEL.INPUT_SIZE": 48, "DATA.CROP_SIZE": 48})
    paddle.seed(0)
    model = build_model(config)
    model.eval()
    crops = np.random.default_rng(0).integers(0, 256, (6, 48, 48, 3), dtype=np.uint8)
    expected = model(paddle.to_tensor(crops)).numpy()
    run = fast_forward(model, "cpu", 8)
    np.testing.assert_allclose(run(crops), expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(run(crops[:2]), run(crops)[:2])
