# SPDX-License-Identifier: Apache-2.0
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from image_classification.CFC_SP.video.onnx_model import onnx_model, onnx_node


def test_the_package_reads_the_model_and_computes_it():
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(2, 3, 2, 2)).astype(np.float32), "b": np.array([1, 2], np.float32)}
    nodes = [
        onnx_node("Conv", ["x", "w", "b"], "y", kernel_shape=[2, 2]),
        onnx_node("MaxPool", ["y"], "z", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ]
    model = onnx.load_from_string(onnx_model("small", nodes, weights, {"x": ["n", 3, 5, "w"]}, {"z": ["n", 2, 2, "v"]}))
    onnx.checker.check_model(model, full_check=True)
    assert [side.dim_param or side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim] == ["n", 3, 5, "w"]
    x = rng.normal(size=(2, 3, 5, 6)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(2, 3))
    y = np.einsum("ncijkl,dckl->ndij", windows, weights["w"]) + weights["b"][:, None, None]
    y = np.pad(y, [(0, 0), (0, 0), (0, 0), (0, 1)], constant_values=-np.inf)
    expected = y.reshape(2, 2, 2, 2, 3, 2).max(axis=(3, 5))
    np.testing.assert_allclose(ReferenceEvaluator(model).run(None, {"x": x})[0], expected, rtol=1e-5)
