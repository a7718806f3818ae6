import sys

import pytest

from image_classification.CFC_SP.inference.openvino_program import OpenVinoProgram
from image_classification.CFC_SP.support.errors import UserError


def test_openvino_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UserError, match="needs the package openvino"):
        OpenVinoProgram(b"", "frame")
