# SPDX-License-Identifier: Apache-2.0
"""What a network costs: its parameters, and its multiplications with an addition (MACs)."""

import paddle
from paddle import nn

from image_classification.SwinTransformer.swin import WindowAttention


def count_parameters(model: nn.Layer) -> int:
    """The numbers that gradients reach."""
    return sum(int(parameter.size) for parameter in model.parameters() if not parameter.stop_gradient)


def count_macs(model: nn.Layer, *inputs: paddle.Tensor) -> int:
    """The MACs of `model(*inputs)`: those of convolutions and linear layers, and of the two products of attention."""
    total = 0

    def conv(layer, _, output):
        nonlocal total
        # A weight is [out, in / groups, height, width].
        total += int(output.size) * int(layer.weight[0].size)

    def linear(layer, _, output):
        nonlocal total
        total += int(output.size) * layer.weight.shape[0]

    def attention(layer, _, output):
        nonlocal total
        total += 2 * int(output.size) * layer.length

    kinds = {nn.Conv2D: conv, nn.Linear: linear, WindowAttention: attention}
    hooks = [
        layer.register_forward_post_hook(count)
        for layer in model.sublayers(include_self=True)
        for kind, count in kinds.items()
        if isinstance(layer, kind)
    ]
    try:
        with paddle.no_grad():
            model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return total
