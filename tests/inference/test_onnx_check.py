import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from image_classification.CFC_SP.inference.onnx_check import check_model
from image_classification.CFC_SP.inference.openvino_program import OpenVinoProgram
from image_classification.CFC_SP.support.errors import UserError


def model(*nodes, change=lambda weights: None):
    weights = numpy_helper.from_array(np.ones(3, np.float32), "w")
    change(weights)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes or [helper.make_node("Add", ["x", "w"], ["y"])], "g", values[:1], values[1:], [weights])
    return helper.make_model(graph)


def outside(weights):
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def test_a_plain_model_passes():
    check_model(model().SerializeToString(), "frame")


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (model(change=outside), "numbers from another file"),
        (model(helper.make_node("Constant", [], ["y"], value=model(change=outside).graph.initializer[0])), "numbers from another file"),
        (model(helper.make_node("Add", ["x", "w"], ["y"], domain="com.microsoft")), r"operator com.microsoft.Add"),
        (model(helper.make_node("If", ["x"], ["y"], then_branch=model().graph, else_branch=model().graph)), "operator .If"),
    ],
)
def test_more_than_computing_is_refused(tree, reason):
    with pytest.raises(UserError, match=f"the program frame refused: .*{reason}"):
        OpenVinoProgram(tree.SerializeToString(), "frame")


def test_functions_are_refused():
    tree = model()
    tree.functions.append(onnx.FunctionProto(name="f"))
    with pytest.raises(UserError, match="defines functions"):
        check_model(tree.SerializeToString(), "frame")


@pytest.mark.parametrize("content", [b"the bytes of no model", b"\xff" * 100])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(UserError, match="no ONNX model"):
        check_model(content, "frame")
