# SPDX-License-Identifier: Apache-2.0
"""Optimiser and learning-rate schedule from a config."""

import math

import paddle
from paddle import nn

# What each optimiser remembers of a parameter, by Paddle's names.
SLOTS = {"adamw": ("moment1_0", "moment2_0", "beta1_pow_acc_0", "beta2_pow_acc_0"), "sgd": ("velocity_0",)}


def build_optimizer(config, model: nn.Layer, steps_per_epoch: int) -> paddle.optimizer.Optimizer:
    """AdamW, or SGD with momentum, whose weight decay spares biases, normalisation and what the backbone names; the schedule of
    `learning_rate`; clipping.

    AdamW's decay is apart from the gradient (Loshchilov & Hutter 2019); SGD's is added to it, after clipping. Works on an eager model
    and on one built in a static program alike; its scheduler's state is the number of steps alone.
    """
    train = config.TRAIN
    decayed = {parameter.name for parameter in _decayed(model).values()}
    total, warmup = train.EPOCHS * steps_per_epoch, train.WARMUP_EPOCHS * steps_per_epoch
    peak = train.BASE_LR * train.BATCH_SIZE / 128
    shared = {
        "learning_rate": paddle.optimizer.lr.LambdaDecay(
            1.0, lambda step: learning_rate(step, total, warmup, peak, train.MIN_LR, train.WARMUP_START)
        ),
        "parameters": list(trainable(model).values()),
        "grad_clip": nn.ClipGradByGlobalNorm(train.GRAD_CLIP) if train.GRAD_CLIP else None,
    }
    if train.OPTIMIZER == "adamw":
        return paddle.optimizer.AdamW(weight_decay=train.WEIGHT_DECAY, apply_decay_param_fun=lambda name: name in decayed, **shared)
    # Groups of parameters, the other way to say it, work in eager mode alone.
    for parameter in _decayed(model).values():
        parameter.regularizer = paddle.regularizer.L2Decay(train.WEIGHT_DECAY)
    # Not paddle.optimizer.SGD, which in a static program with oneDNN never changes the weights.
    return paddle.optimizer.Momentum(momentum=train.MOMENTUM, **shared)


def learning_rate(step: int, total: float, warmup: float, peak: float, floor: float, start: float = 0.01) -> float:
    """Linear warm-up from the share `start` of `peak`, then a cosine down to `floor` at `total` steps."""
    if step < warmup:
        return peak * (start + (1 - start) * step / warmup)
    progress = min(1.0, (step - warmup) / max(1.0, total - warmup))
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


def trainable(model: nn.Layer) -> dict:
    """The parameters that gradients reach, by name; Paddle counts batch-norm statistics among a model's parameters."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.trainable}


def count_decayed(model: nn.Layer) -> tuple[int, int]:
    """How many tensors weight decay reaches and how many it spares."""
    decayed = len(_decayed(model))
    return decayed, len(trainable(model)) - decayed


def _decayed(model) -> dict:
    """The parameters that weight decay reaches, by name: matrices and kernels but those that the backbone names."""
    spared = model.backbone.undecayed
    return {name: value for name, value in trainable(model).items() if value.ndim > 1 and name.rpartition(".")[2] not in spared}
