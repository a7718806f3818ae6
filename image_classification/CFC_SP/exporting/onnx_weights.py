# SPDX-License-Identifier: Apache-2.0
"""ONNX models that take their weights from a bundle's `.safetensors`, so that these are stored once.

ONNX calls it external data: file, offset and length of each tensor. What a bundle stores in half precision, a Cast makes float32 again,
once, when an engine loads the model.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..inference.bundle import Bundle
from ..support.tensor_files import read_head

# By what .safetensors calls a number's type.
_TYPES = {"F16": (TensorProto.FLOAT16, "<f2"), "F32": (TensorProto.FLOAT, "<f4")}


def with_bundles_weights(model: bytes, bundle: Bundle) -> bytes:
    """The model with every constant that is a tensor of the bundle's weights, to the bit, taken from there; the others stay in it."""
    tree = onnx.load_model_from_string(model)
    places = _places(bundle)
    constants, nodes, casts = [], [], []
    for node in tree.graph.node:
        place = places.get(node.output[0]) if node.op_type == "Constant" else None
        if place is None or not np.array_equal(numpy_helper.to_array(node.attribute[0].t), place.value.astype(np.float32)):
            nodes.append(node)
            continue
        name = node.output[0]
        if place.kind == TensorProto.FLOAT16:
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
            name = f"{name}.half"
        constants.append(place.tensor(name))
    del tree.graph.node[:]
    tree.graph.node.extend([*casts, *nodes])
    tree.graph.initializer.extend(constants)
    return tree.SerializeToString()


class _Place:
    """Where a tensor lies, and its value."""

    def __init__(self, path: Path, entry: dict, first: int):
        self.kind, dtype = _TYPES[entry["dtype"]]
        begin, end = entry["data_offsets"]
        self._entries = {"location": path.name, "offset": str(first + begin), "length": str(end - begin)}
        self._shape = entry["shape"]
        self.value = np.fromfile(path, dtype, (end - begin) // np.dtype(dtype).itemsize, offset=first + begin).reshape(self._shape)

    def tensor(self, name: str) -> TensorProto:
        tensor = TensorProto(name=name, data_type=self.kind, dims=self._shape, data_location=TensorProto.EXTERNAL)
        for key, value in self._entries.items():
            tensor.external_data.add(key=key, value=value)
        return tensor


def _places(bundle: Bundle) -> dict[str, _Place]:
    """The tensors of the networks by the names that a bundle's programs give to them."""
    places = {}
    for file in sorted({network["weights"] for network in bundle.manifest["networks"]}):
        path = bundle.folder / file
        head = read_head(path)
        first = head.pop("")
        tensors = {name: entry for name, entry in head.items() if name != "__metadata__" and entry["dtype"] in _TYPES}
        places |= {f"{path.stem}/{name}": _Place(path, entry, first) for name, entry in tensors.items()}
    return places
