# SPDX-License-Identifier: Apache-2.0
import hashlib

import numpy as np
import onnx
import paddle

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.weights.model import build_model
from image_classification.MobileNet.mobilenet import PAIRS, STEM
from tools import port_sface


def unit(rng, name, kernel) -> dict[str, np.ndarray]:
    channels = kernel.shape[0]
    arrays = {
        f"{name}_conv2d_weight": kernel,
        f"{name}_batchnorm_gamma": rng.uniform(0.5, 1.5, channels),
        f"{name}_batchnorm_beta": rng.normal(0, 0.5, channels),
        f"{name}_batchnorm_moving_mean": rng.normal(0, 0.5, channels),
        f"{name}_batchnorm_moving_var": rng.uniform(0.5, 1.5, channels),
        f"{name}_relu_gamma": rng.uniform(-0.5, 0.9, (channels, 1, 1)),
    }
    return {key: value.astype(np.float32) for key, value in arrays.items()}


def arrays_of_sface(rng) -> dict[str, np.ndarray]:
    arrays, before = unit(rng, "conv_1", rng.normal(0, 0.3, (STEM, 3, 3, 3))), STEM
    for number, (channels, _) in enumerate(PAIRS, 2):
        arrays |= unit(rng, f"conv_{number}_dw", rng.normal(0, 0.4, (before, 1, 3, 3)))
        arrays |= unit(rng, f"conv_{number}", rng.normal(0, before**-0.5, (channels, before, 1, 1)))
        before = channels
    return arrays


def original(arrays, x):
    """What SFace's graph makes of pictures [N, 3, H, W], less 127.5 and over 128, up to its last map."""

    def after(x, name, stride=1, groups=1):
        get = {key: paddle.to_tensor(arrays[f"{name}_{key}"]) for key in ("conv2d_weight", "relu_gamma")}
        statistics = [paddle.to_tensor(arrays[f"{name}_batchnorm_{key}"]) for key in ("moving_mean", "moving_var", "gamma", "beta")]
        x = paddle.nn.functional.conv2d(x, get["conv2d_weight"], None, stride, get["conv2d_weight"].shape[-1] // 2, 1, groups)
        x = paddle.nn.functional.batch_norm(x, *statistics)
        return paddle.nn.functional.prelu(x, get["relu_gamma"].flatten())

    x = after(x, "conv_1")
    for number, (_, stride) in enumerate(PAIRS, 2):
        x = after(x, f"conv_{number}_dw", stride, x.shape[1])
        x = after(x, f"conv_{number}")
    return x


def test_the_network_computes_what_it_did():
    rng = np.random.default_rng(0)
    arrays = arrays_of_sface(rng)
    model = build_model(load_config(port_sface.CONFIG))
    port_sface.restore(model.backbone, arrays)
    model.eval()
    pixels = rng.integers(0, 256, (2, 1, 48, 48)).astype(np.float32)
    ours = (pixels - 127.5) / (128 * port_sface.CONTRAST)
    theirs = np.repeat((pixels - 127.5) / 128, 3, axis=1)
    with paddle.no_grad():
        found = model.backbone.forward_features(paddle.to_tensor(ours)).numpy()
        expected = original(arrays, paddle.to_tensor(theirs)).numpy()
    assert expected.shape == (2, 1024, 3, 3) and expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=2e-3 * expected.std(), rtol=1e-3)


def test_arrays_are_read_by_name(tmp_path, monkeypatch):
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    graph = onnx.helper.make_graph([], "sface", [], [], [onnx.numpy_helper.from_array(weights, "a")])
    data = onnx.helper.make_model(graph).SerializeToString()
    (path := tmp_path / "sface.onnx").write_bytes(data)
    monkeypatch.setattr(port_sface, "SHA256", hashlib.sha256(data).hexdigest())
    found = port_sface.read_arrays(path)
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"], weights)
