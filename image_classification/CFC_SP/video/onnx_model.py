# SPDX-License-Identifier: Apache-2.0
"""ONNX models in bytes, of the few kinds of parts that a small network needs: without the package onnx, which is large.

The numbers are those of the fields in onnx.proto.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..support.protobuf import message

OPSET, _IR_VERSION = 13, 8
_FLOAT = 1
_INT, _INTS = 2, 7


def onnx_model(
    name: str,
    nodes: Iterable[bytes],
    weights: Mapping[str, np.ndarray],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
) -> bytes:
    """A model of opset 13. nodes: as `onnx_node` gives them. weights: float32. inputs, outputs: the shapes of float32 tensors by name,
    whose free sides have a name of their own."""
    graph = [
        *((1, node) for node in nodes),
        (2, name),
        *((5, _tensor(key, value)) for key, value in weights.items()),
        *((11, _value_info(key, shape)) for key, shape in inputs.items()),
        *((12, _value_info(key, shape)) for key, shape in outputs.items()),
    ]
    return message([(1, _IR_VERSION), (7, message(graph)), (8, message([(1, ""), (2, OPSET)]))])


def onnx_node(operation: str, inputs: Iterable[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    """One operation with its inputs and its output, by name; attributes are whole numbers of 0 or more, or several."""
    names = [*((1, name) for name in inputs), (2, output), (4, operation)]
    return message([*names, *((5, _attribute(name, attributes[name])) for name in sorted(attributes))])


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return message([(1, name), (3, value), (20, _INT)])
    return message([(1, name), *((8, number) for number in value), (20, _INTS)])


def _tensor(name: str, value: np.ndarray) -> bytes:
    sides = ((1, side) for side in value.shape)
    return message([*sides, (2, _FLOAT), (8, name), (9, np.ascontiguousarray(value, "<f4").tobytes())])


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    sides = ((1, message([(2 if isinstance(side, str) else 1, side)])) for side in shape)
    tensor = message([(1, _FLOAT), (2, message(sides))])
    return message([(1, name), (2, message([(1, tensor)]))])
