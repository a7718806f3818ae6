# SPDX-License-Identifier: Apache-2.0
import json
import threading
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize(("name", "side"), [("rnet", 24), ("onet", 48)])
def test_a_window_is_judged_alike_in_any_company(networks, name, side):
    windows = np.random.default_rng(0).uniform(-1, 1, (5, 3, side, side)).astype(np.float32)
    alone = [networks[name](windows[i : i + 1]) for i in range(5)]
    for together, parts in zip(networks[name](windows), zip(*alone, strict=True), strict=True):
        np.testing.assert_allclose(together, np.concatenate(parts), atol=1e-5)


def test_what_a_network_gave_stays_as_it_is(networks):
    rng = np.random.default_rng(1)
    first = networks["rnet"](rng.uniform(-1, 1, (2, 3, 24, 24)).astype(np.float32))
    copies = [output.copy() for output in first]
    networks["rnet"](rng.uniform(-1, 1, (2, 3, 24, 24)).astype(np.float32))
    assert all(np.array_equal(output, copy) for output, copy in zip(first, copies, strict=True))


def test_all_weights_are_those_of_the_networks(mtcnn_weights):
    shapes = {f"{name}.{key}": shape for name in mtcnn.NAMES for key, shape in mtcnn.parameter_shapes(name).items()}
    assert {name: array.shape for name, array in mtcnn_weights.items()} == shapes


@pytest.mark.parametrize("change", [None, (10,)])
def test_weights_that_do_not_fit_are_named(mtcnn_weights, change):
    weights = mtcnn_weights | {"onet.score.bias": change and np.zeros(change, np.float32)}
    with pytest.raises(ValueError, match=r"onet.score.bias: expected shape \(2,\), found"):
        mtcnn.load_mtcnn(weights)


def test_weights_in_half_precision_compute_in_single(mtcnn_weights):
    pictures = np.random.default_rng(2).uniform(-1, 1, (2, 3, 24, 24)).astype(np.float32)
    halves = {name: array.astype(np.float16) for name, array in mtcnn_weights.items()}
    singles = {name: array.astype(np.float32) for name, array in halves.items()}
    given, expected = (mtcnn.load_mtcnn(weights)["rnet"](pictures)[1] for weights in (halves, singles))
    assert np.array_equal(given, expected)


def test_there_are_as_many_networks_as_threads_ever_ran_at_once(mtcnn_weights, monkeypatch):
    both, read = threading.Barrier(2, timeout=60), []

    class Slow:
        def __init__(self, model):
            read.append(self)

        def setInput(self, pictures):
            both.wait()

        def forward(self, outputs):
            return [np.zeros((1, 2))] * len(outputs)

    monkeypatch.setattr(mtcnn, "_read", Slow)
    rnet = mtcnn.load_mtcnn(mtcnn_weights)["rnet"]
    assert len(read) == len(mtcnn.NAMES)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            list(threads.map(rnet, [None, None]))
    assert len(read) == len(mtcnn.NAMES) + 1
