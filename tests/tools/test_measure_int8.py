# SPDX-License-Identifier: Apache-2.0
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from image_classification.CFC_SP.core.labels import COARSE, EXPR
from image_classification.CFC_SP.inference.bundle import open_bundle
from tools.measure_int8 import accuracy, cpu_ms, quantise

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def small(tmp_path):
    """A convolution of crops of 4 px, and crops."""
    weights = numpy_helper.from_array(np.random.default_rng(0).normal(0, 1, (2, 3, 1, 1)).astype(np.float32), "w")
    nodes = [
        helper.make_node("Cast", ["crops"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["y"], kernel_shape=[1, 1]),
    ]
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", 4, 4, 3])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, 4, 4])
    graph = helper.make_graph(nodes, "g", [crops], [output], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "source.onnx")
    return tmp_path, np.random.default_rng(1).integers(0, 256, (20, 4, 4, 3), dtype=np.uint8)


def test_int8_is_near_what_it_was_made_from_and_not_the_same(small):
    folder, crops = small
    quantise(folder / "source.onnx", folder / "plain.onnx", folder / "int8.onnx", crops)
    outputs = []
    for name in ("plain", "int8"):
        session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
        outputs.append(session.run(None, {"crops": crops})[0])
    difference = np.abs(outputs[0] - outputs[1]).max() / np.abs(outputs[0]).max()
    assert 1e-5 < difference < 0.03
    assert any(tensor.data_type == TensorProto.INT8 for tensor in onnx.load(folder / "int8.onnx").graph.initializer)


def test_accuracy_is_of_labels_each_apart(lite):
    def happy(crops):
        coarse = np.zeros((1, len(crops), 5), np.float32)
        coarse[:, :, COARSE.index("Happiness")] = 9
        return coarse, np.zeros((1, len(crops), 4), np.float32)

    truth = np.array([EXPR.index("Happiness")] * 18 + [0] * 6)
    assert accuracy(happy, open_bundle(lite), np.zeros((24, 48, 48, 3), np.uint8), truth) == 0.75


def test_every_program_has_its_time():
    seen = []
    spent = cpu_ms({"one": lambda crops: seen.append(1), "two": lambda crops: seen.append(2)}, np.zeros((2, 1, 1, 3), np.uint8))
    assert set(spent) == {"one", "two"} and min(spent.values()) >= 0 and seen[:4] == [1, 2, 1, 2]
