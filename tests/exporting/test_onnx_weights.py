# SPDX-License-Identifier: Apache-2.0
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from image_classification.CFC_SP.exporting.onnx_weights import with_bundles_weights
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.onnx_check import check_model

onnxruntime = pytest.importorskip("onnxruntime")


def model_of(**constants) -> bytes:
    """A model that gives its constants."""
    nodes = [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name)) for name, value in constants.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in constants.items()]
    nodes += [helper.make_node("Identity", [name], [f"{name}_out"]) for name in constants]
    for output in outputs:
        output.name += "_out"
    graph = helper.make_graph(nodes, "g", [], outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def test_weights_are_taken_from_the_bundle_to_the_bit_and_others_stay(lite):
    bundle = open_bundle(lite)
    stem = "flat_mobilenet_face"
    tensors = {f"{stem}/{name}": value.astype(np.float32) for name, value in bundle.tensors(stem).items()}
    half, whole = (
        next(name for name, value in bundle.tensors(stem).items() if value.dtype == kind and value.ndim == 1) for kind in ("f2", "f4")
    )
    given = {f"{stem}/{half}": tensors[f"{stem}/{half}"], f"{stem}/{whole}": tensors[f"{stem}/{whole}"]}
    given |= {"own": np.arange(3, dtype=np.float32), f"{stem}/bias": np.ones(2, np.float32)}
    shared = with_bundles_weights(model_of(**given), bundle)
    places = [tensor for tensor in onnx.load_model_from_string(shared).graph.initializer if tensor.external_data]
    assert sorted(tensor.name for tensor in places) == sorted([f"{stem}/{half}.half", f"{stem}/{whole}"])
    sizes = {name: (bundle.folder / name).stat().st_size for name in bundle.manifest["files"]}
    assert check_model(shared, sizes) is None


def test_what_was_changed_on_the_way_is_kept(lite):
    bundle = open_bundle(lite)
    name, value = next(iter(bundle.tensors("flat_mobilenet_face").items()))
    changed = {f"flat_mobilenet_face/{name}": value.astype(np.float32) + 1}
    assert not onnx.load_model_from_string(with_bundles_weights(model_of(**changed), bundle)).graph.initializer
