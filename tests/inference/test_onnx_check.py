# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from image_classification.CFC_SP.inference.onnx_check import check_model

FILES = {"net.safetensors": 100}


def model(*nodes, change=lambda weights: None):
    weights = numpy_helper.from_array(np.ones(3, np.float32), "w")
    change(weights)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes or [helper.make_node("Add", ["x", "w"], ["y"])], "g", values[:1], values[1:], [weights])
    return helper.make_model(graph)


def outside(location="net.safetensors", offset="88", length="12", others=()):
    def change(weights):
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", length), *others):
            weights.external_data.add(key=key, value=value)

    return change


def fault_of(tree):
    return check_model(tree.SerializeToString(), FILES)


def test_a_plain_model_passes_and_so_does_one_with_the_bundles_weights():
    assert fault_of(model()) is None
    assert fault_of(model(change=outside())) is None
    many = helper.make_node("Constant", [], ["y"], value_ints=[1, 2, 3])
    assert fault_of(model(many, helper.make_node("Gather", ["x", "y"], ["z"], axis=0))) is None


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (model(change=outside("/etc/passwd")), "from the file /etc/passwd, which is no weights file"),
        (model(change=outside("../net.safetensors")), "no weights file of this bundle"),
        (model(change=outside(length="13")), "behind the end of net.safetensors"),
        (model(change=outside(offset="-1")), "does not say where in net.safetensors"),
        (model(change=outside(offset="")), "does not say where"),
        (model(change=outside(others=[("checksum", "0")])), "does not say where"),
        (model(helper.make_node("Constant", [], ["y"], value=model(change=outside("/a")).graph.initializer[0])), "from the file /a"),
        (model(helper.make_node("Add", ["x", "w"], ["y"], domain="com.microsoft")), "the operator com.microsoft.Add"),
        (model(helper.make_node("If", ["x"], ["y"], then_branch=model().graph, else_branch=model().graph)), "an? attribute of it holds"),
        (helper.make_model(model().graph, opset_imports=[helper.make_opsetid("evil", 1)]), "asks for operators of evil"),
        (helper.make_model(model().graph, functions=[onnx.FunctionProto(name="f")]), "a model of it holds"),
    ],
)
def test_more_than_computing_is_refused(tree, reason):
    assert re.search(reason, fault_of(tree))


@pytest.mark.parametrize("content", [b"", b"the bytes of no model", b"\xff" * 100, b"\x3a", b"\x3a" + b"\xff" * 10 + b"\x01"])
def test_what_is_no_model_is_refused(content):
    assert "ONNX model" in check_model(content, FILES)


def test_a_model_that_was_cut_short_is_refused():
    # What stands last are operators' versions, without which it would be whole.
    whole = model().SerializeToString()
    assert all("its end is missing" in check_model(whole[:-missing], FILES) for missing in (1, 2, 3))
