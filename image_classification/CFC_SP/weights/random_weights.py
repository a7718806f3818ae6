# SPDX-License-Identifier: Apache-2.0
"""Weights that anyone can make again without training: a function of a tensor's name and shape alone, in any library."""

import zlib

import numpy as np
from paddle import nn


def seeded(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 values of the tensor `name`: statistics, scales and shifts far from their initial ones, kernels that keep the scale."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("running_var", "_variance")):
        values = rng.uniform(0.5, 1.5, shape)
    elif name.endswith(("bias", "running_mean", "_mean")):
        values = rng.normal(0, 0.1, shape)
    elif len(shape) == 1:
        values = rng.uniform(0.5, 1.0, shape)
    elif "bias_table" in name:
        values = rng.normal(0, 0.5, shape)
    else:
        # Either way round, since PyTorch and Paddle store linear weights turned.
        inputs = shape[1] * shape[2] * shape[3] if len(shape) == 4 else sum(shape) / 2
        values = rng.normal(0, np.sqrt(1.0 / inputs), shape)
    return values.astype(np.float32)


def randomise(model: nn.Layer, seed: str) -> None:
    """Gives every tensor of `model` the seeded values of its name, which `seed` makes the network's own."""
    model.set_state_dict({name: seeded(f"{seed}/{name}", tuple(value.shape)) for name, value in model.state_dict().items()})
