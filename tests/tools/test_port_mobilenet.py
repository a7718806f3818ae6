# SPDX-License-Identifier: Apache-2.0
import hashlib
import io
import json
import tarfile

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.model import build_model
from image_classification.MobileNet.mobilenet import PAIRS, STEM
from tools import port_mobilenet


def folded(rng) -> dict[str, np.ndarray]:
    """Arrays as the package has them, of moderate size, so that no map dies on the way."""
    arrays = {"conv1/convolution/merged_input": rng.normal(0, 0.01, (3, 3, 3, STEM)), "conv1_bn/batchnorm_1/sub": rng.normal(0, 1, STEM)}
    before = STEM
    for number, (channels, _) in enumerate(PAIRS, 1):
        arrays[f"conv_dw_{number}/depthwise_kernel"] = rng.normal(0, 1, (3, 3, before, 1))
        arrays[f"conv_dw_{number}_bn/batchnorm_1/mul"] = rng.uniform(0.2, 0.6, before)
        arrays[f"conv_dw_{number}_bn/batchnorm_1/sub"] = rng.normal(1, 1, before)
        arrays[f"conv_pw_{number}/convolution/merged_input"] = rng.normal(0, before**-0.5, (1, 1, before, channels))
        arrays[f"conv_pw_{number}_bn/batchnorm_1/sub"] = rng.normal(1, 1, channels)
        before = channels
    return {name: value.astype(np.float32) for name, value in arrays.items()}


def original(arrays, x):
    """What the package's graph makes of pictures [N, 3, H, W] up to its last map; strides pad as ours do."""

    def conv(x, kernel, stride=1, groups=1):
        return paddle.nn.functional.conv2d(
            x, paddle.to_tensor(np.ascontiguousarray(kernel)), None, stride, kernel.shape[-1] // 2, 1, groups
        )

    def after(x, name):
        return paddle.nn.functional.relu6(x + paddle.to_tensor(arrays[f"{name}_bn/batchnorm_1/sub"]).reshape([1, -1, 1, 1]))

    x = after(conv(x, arrays["conv1/convolution/merged_input"].transpose(3, 2, 0, 1), 2), "conv1")
    for number, (_, stride) in enumerate(PAIRS, 1):
        kernel = arrays[f"conv_dw_{number}/depthwise_kernel"].transpose(2, 3, 0, 1)
        x = conv(x, kernel, stride, kernel.shape[0])
        x = after(x * paddle.to_tensor(arrays[f"conv_dw_{number}_bn/batchnorm_1/mul"]).reshape([1, -1, 1, 1]), f"conv_dw_{number}")
        x = after(conv(x, arrays[f"conv_pw_{number}/convolution/merged_input"].transpose(3, 2, 0, 1)), f"conv_pw_{number}")
    return x


def test_the_network_computes_what_it_did_and_normalises_as_if_trained():
    rng = np.random.default_rng(0)
    arrays = folded(rng)
    config = load_config(port_mobilenet.CONFIG)
    paddle.seed(0)
    model = build_model(config)
    crops = np.repeat(rng.integers(0, 256, (6, 48, 48, 1), np.uint8), 3, axis=3)
    port_mobilenet.restore(model, arrays, crops)
    with paddle.no_grad():
        grey = model.preprocess(paddle.to_tensor(crops))
        contrast = crops.astype(np.float32).std(axis=(1, 2, 3)).mean()
        expected = original(arrays, paddle.concat([grey * float(contrast)] * 3, axis=1)).numpy()
        np.testing.assert_allclose(model.backbone.forward_features(grey).numpy(), expected, atol=2e-3)
        assert expected.std() > 0.1
        # In training mode, on the very pictures that were measured, nothing changes: not even in the first step.
        model.backbone.train()
        np.testing.assert_allclose(model.backbone.forward_features(grey).numpy(), expected, atol=2e-2)


def package(path, **files):
    with tarfile.open(path, "w:gz") as archive:
        for suffix, data in files.items():
            entry = tarfile.TarInfo(f"{port_mobilenet.FOLDER}/{port_mobilenet.NAME}.{suffix}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def test_arrays_are_read_by_name(tmp_path, monkeypatch):
    first, second = np.arange(6, dtype="<f4").reshape(2, 3), np.array(7.5, "<f4")
    entries = [{"name": "a", "shape": [2, 3], "dtype": "float32"}, {"name": "b", "shape": [], "dtype": "float32"}]
    manifest = json.dumps({"weightsManifest": [{"weights": entries}]}).encode()
    path = package(tmp_path / "known.tgz", json=manifest, bin=first.tobytes() + second.tobytes())
    sums = {".json": hashlib.sha256(manifest).hexdigest(), ".bin": hashlib.sha256(first.tobytes() + second.tobytes()).hexdigest()}
    monkeypatch.setattr(port_mobilenet, "SHA256", sums)
    found = port_mobilenet.read_package(path)
    np.testing.assert_array_equal(found["a"], first)
    np.testing.assert_array_equal(found["b"], second)


@pytest.mark.parametrize("kind", ["other version", "no such file", "a folder", "too large", "cut", "no archive", "absent"])
def test_another_package_is_refused(tmp_path, monkeypatch, kind):
    path = tmp_path / "package.tgz"
    if kind == "other version":
        package(path, json=b"{}", bin=b"")
    elif kind == "no such file":
        package(path, txt=b"")
    elif kind == "a folder":
        with tarfile.open(path, "w:gz") as archive:
            folder = tarfile.TarInfo(f"{port_mobilenet.FOLDER}/{port_mobilenet.NAME}.json")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
    elif kind == "too large":
        monkeypatch.setattr(port_mobilenet, "MOST_BYTES", 1)
        package(path, json=b"{}", bin=b"")
    elif kind == "cut":
        noise = np.random.default_rng(0).bytes(5000)
        path.write_bytes(package(path, json=noise, bin=noise).read_bytes()[:3000])
    elif kind == "no archive":
        path.write_bytes(b"<html>")
    with pytest.raises(UserError, match="expected .*(SHA-256|npm pack)"):
        port_mobilenet.read_package(path)
