# SPDX-License-Identifier: Apache-2.0
import sys

import pytest

from image_classification.CFC_SP.inference.onnx_files import OnnxFile
from image_classification.CFC_SP.inference.openvino_program import OpenVinoProgram, openvino_has_bfloat16
from image_classification.CFC_SP.support.errors import UserError


def test_openvino_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UserError, match=r"-engine openvino needs the package openvino, .*cfc-sp\[openvino\]"):
        OpenVinoProgram(OnnxFile("frame", "frame.onnx", "float32", 48))
    with pytest.raises(UserError, match="-engine openvino needs the package openvino"):
        openvino_has_bfloat16()


@pytest.mark.onnx
def test_a_model_that_it_cannot_read_is_named(tmp_path):
    (tmp_path / "frame.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"frame\.onnx: OpenVINO cannot load it"):
        OpenVinoProgram(OnnxFile("frame", tmp_path / "frame.onnx", "float32", 48))
