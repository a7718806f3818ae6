# SPDX-License-Identifier: Apache-2.0
import hashlib
import sys

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.InceptionResNet.inception_resnet import InceptionResNet
from tools import port_facenet

EPSILON = port_facenet.EPSILON
F = paddle.nn.functional


def arrays_of_facenet(model, rng) -> dict[str, np.ndarray]:
    """As Keras stores them: kernels [height, width, in, out]."""
    arrays, before = {}, {"Block35": 256, "Mixed_": 256, "Block17": 896}
    channels = {"Block35": 32, "Block17": 128}
    stem = zip(port_facenet.STEM, (3, 32, 32, 64, 80, 192), (32, 32, 64, 80, 192, 256), strict=True)
    widths = {name: (taken, given) for name, taken, given in stem}
    reduction = zip(port_facenet.REDUCTION, (256, 256, 192, 192), (384, 192, 192, 256), strict=True)
    widths |= {f"Mixed_6a_Branch_{part}": (taken, given) for part, taken, given in reduction}
    for name in port_facenet.unit_names(model):
        first = name.endswith(("0_Conv2d_1x1", "0a_1x1"))
        kind = name[:7]
        taken, given = widths.get(name) or (before[kind] if first else channels[kind], channels[kind])
        sides = [int(side) for side in name.rsplit("_", 1)[1].split("x")]
        arrays[f"{name}/kernel"] = rng.normal(0, (taken * sides[0] * sides[1]) ** -0.5, (*sides, taken, given))
        arrays[f"{name}_BatchNorm/beta"] = rng.normal(0, 0.3, given)
        arrays[f"{name}_BatchNorm/moving_mean"] = rng.normal(0, 0.3, given)
        arrays[f"{name}_BatchNorm/moving_variance"] = rng.uniform(0.01, 1.5, given)
    for name, taken, given in (("Block35_1", 96, 256), ("Block17_1", 256, 896)):
        arrays[f"{name}_Conv2d_1x1/kernel"] = rng.normal(0, taken**-0.5, (1, 1, taken, given))
        arrays[f"{name}_Conv2d_1x1/bias"] = rng.normal(0, 1, given)
    return {key: value.astype(np.float32) for key, value in arrays.items()}


def original(arrays, x):
    """What FaceNet's graph with one block of each kind makes of pictures [N, 3, H, W] up to its last map."""

    def conv(x, name, stride=1, padding="SAME"):
        kernel = paddle.to_tensor(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1).copy())
        x = F.conv2d(x, kernel, None, stride, padding)
        mean, variance, beta = (paddle.to_tensor(arrays[f"{name}_BatchNorm/{key}"]) for key in ("moving_mean", "moving_variance", "beta"))
        return F.relu(F.batch_norm(x, mean, variance, paddle.ones_like(beta), beta, epsilon=EPSILON))

    def block(x, name, scale, *branches):
        joined = []
        for branch in branches:
            y = x
            for part in branch:
                y = conv(y, f"{name}_Branch_{part}")
            joined.append(y)
        kernel = paddle.to_tensor(arrays[f"{name}_Conv2d_1x1/kernel"].transpose(3, 2, 0, 1).copy())
        return F.relu(x + scale * F.conv2d(paddle.concat(joined, 1), kernel, paddle.to_tensor(arrays[f"{name}_Conv2d_1x1/bias"])))

    x = conv(x, "Conv2d_1a_3x3", 2, "VALID")
    x = conv(conv(x, "Conv2d_2a_3x3", 1, "VALID"), "Conv2d_2b_3x3")
    x = conv(F.max_pool2d(x, 3, 2), "Conv2d_3b_1x1")
    x = conv(conv(x, "Conv2d_4a_3x3", 1, "VALID"), "Conv2d_4b_3x3", 2, "VALID")
    third = ("2_Conv2d_0a_1x1", "2_Conv2d_0b_3x3", "2_Conv2d_0c_3x3")
    x = block(x, "Block35_1", 0.17, ["0_Conv2d_1x1"], ["1_Conv2d_0a_1x1", "1_Conv2d_0b_3x3"], third)
    y = conv(conv(x, "Mixed_6a_Branch_1_Conv2d_0a_1x1"), "Mixed_6a_Branch_1_Conv2d_0b_3x3")
    y = conv(y, "Mixed_6a_Branch_1_Conv2d_1a_3x3", 2, "VALID")
    x = paddle.concat([conv(x, "Mixed_6a_Branch_0_Conv2d_1a_3x3", 2, "VALID"), y, F.max_pool2d(x, 3, 2)], 1)
    return block(x, "Block17_1", 0.1, ["0_Conv2d_1x1"], ["1_Conv2d_0a_1x1", "1_Conv2d_0b_1x7", "1_Conv2d_0c_7x1"])


def test_the_network_computes_what_it_did():
    rng = np.random.default_rng(0)
    model = InceptionResNet(num_classes=8, in_channels=1, blocks=(1, 1))
    arrays = arrays_of_facenet(model, rng)
    port_facenet.restore(model, arrays)
    model.eval()
    pictures = rng.normal(0, 1, (2, 1, 75, 75)).astype(np.float32)
    with paddle.no_grad():
        found = model.forward_features(paddle.to_tensor(pictures)).numpy()
        expected = original(arrays, paddle.to_tensor(np.repeat(pictures, 3, axis=1))).numpy()
    assert expected.shape == (2, 896, 3, 3) and expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.std(), rtol=1e-3)


def test_without_what_reads_the_file(tmp_path, monkeypatch):
    (path := tmp_path / "facenet_keras.h5").write_bytes(b"no network")
    monkeypatch.setattr(port_facenet, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UserError, match="pip install h5py"):
        port_facenet.read_arrays(path)
