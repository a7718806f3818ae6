# SPDX-License-Identifier: Apache-2.0
"""Batch normalisation whose statistics were folded away: those of real pictures put back, with what the network computes left as it is."""

from collections.abc import Iterable

import numpy as np
import paddle
from paddle import nn

# The layers that keep statistics. SyncBatchNorm, which takes their place between GPUs, is in no network that is measured.
NORMS = (nn.BatchNorm1D, nn.BatchNorm2D)


def restore_statistics(model, batches: Iterable[np.ndarray]) -> None:
    """Gives every batch normalisation of `model` the mean and variance of what reaches it over `batches` of uint8 RGB crops [N, S, S, 3].

    Its weight and bias change with them, so that in evaluation mode the network computes what it did. A network without such
    statistics breaks as soon as they are measured, which training and averaging do.
    """
    model.eval()
    norms = [layer for layer in model.sublayers() if isinstance(layer, NORMS)]
    moments, count = [0.0] * len(norms), 0

    def watch(place: int):
        def hook(_, inputs):
            x = inputs[0].astype("float64")
            axes = [axis for axis in range(x.ndim) if axis != 1]
            moments[place] = moments[place] + np.stack([x.mean(axes).numpy(), (x * x).mean(axes).numpy()])

        return hook

    hooks = [norm.register_forward_pre_hook(watch(place)) for place, norm in enumerate(norms)]
    with paddle.no_grad():
        for crops in batches:
            model(paddle.to_tensor(crops))
            count += 1
    for hook in hooks:
        hook.remove()
    for norm, total in zip(norms, moments, strict=True):
        mean, square = total / count
        variance = np.maximum(square - mean**2, 0)
        scale = norm.weight.numpy() / np.sqrt(norm._variance.numpy() + norm._epsilon)
        bias = norm.bias.numpy() + (mean - norm._mean.numpy()) * scale
        weight = scale * np.sqrt(variance + norm._epsilon)
        for parameter, value in ((norm._mean, mean), (norm._variance, variance), (norm.weight, weight), (norm.bias, bias)):
            parameter.set_value(value.astype(np.float32))
