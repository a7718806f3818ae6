import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from image_classification.CFC_SP.video import mtcnn

REFERENCE = json.loads(Path(__file__).with_name("reference_mtcnn_astronaut.json").read_text())["networks"]


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_each_network_equals_the_reference_package(networks, astronaut, name):
    expected = REFERENCE[name]
    y, x, step, side = expected["patch"]
    patch = astronaut[y : y + step * side : step, x : x + step * side : step].transpose(2, 0, 1)[None]
    outputs = networks[name]((patch.astype(np.float32) - 127.5) / 128)
    names = ["regression", "landmarks", "score"] if name == "onet" else ["regression", "score"]
    assert len(outputs) == len(names)
    for output, key in zip(outputs, names, strict=True):
        np.testing.assert_allclose(output.ravel(), expected[key], atol=1e-5)


def test_pnet_maps_every_second_window(networks):
    regression, score = networks["pnet"](np.zeros((2, 3, 40, 57), np.float32))
    assert regression.shape == (2, 4, 15, 24) and score.shape == (2, 15, 24)


def test_the_weights_say_where_they_come_from():
    with safe_open(mtcnn.WEIGHTS, "numpy") as file:
        metadata = file.metadata()
    assert metadata["source"] == "PyPI package mtcnn 1.0.0" and metadata["licence"].startswith("MIT")
    assert {key for key in metadata if key.startswith("sha256:")} == {
        f"sha256:mtcnn/assets/weights/{name}.lz4" for name in ("pnet", "rnet", "onet")
    }


def test_every_parameter_is_loaded():
    fresh, loaded = mtcnn.build_mtcnn(), mtcnn.load_mtcnn()
    for name, network in loaded.items():
        assert not network.training
        for key, value in network.state_dict().items():
            assert not np.array_equal(value.numpy(), fresh[name].state_dict()[key].numpy()), f"{name}.{key}"
