# SPDX-License-Identifier: Apache-2.0
from onnx import StringStringEntryProto, TensorShapeProto

from image_classification.CFC_SP.support.protobuf import message


def test_messages_are_those_of_the_package():
    text = "é" * 100
    assert message([(1, "key"), (2, text)]) == StringStringEntryProto(key="key", value=text).SerializeToString()
    for side in (0, 1, 127, 128, 300, 2**40):
        expected = TensorShapeProto(dim=[TensorShapeProto.Dimension(dim_value=side)]).SerializeToString()
        assert message([(1, message([(1, side)]))]) == expected
