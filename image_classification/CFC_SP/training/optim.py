"""Optimiser and learning-rate schedule from a config."""

import math

import paddle
from paddle import nn


def build_optimizer(config, model: nn.Layer, steps_per_epoch: int) -> paddle.optimizer.Optimizer:
    """AdamW whose weight decay spares biases and normalisation, with the schedule of `learning_rate` and gradient clipping.

    Works on an eager model and on one built in a static program alike; its scheduler's state is the number of steps alone.
    """
    train = config.TRAIN
    decayed = {parameter.name for parameter in trainable(model).values() if parameter.ndim > 1}
    total, warmup = train.EPOCHS * steps_per_epoch, train.WARMUP_EPOCHS * steps_per_epoch
    peak = train.BASE_LR * train.BATCH_SIZE / 128
    return paddle.optimizer.AdamW(
        learning_rate=paddle.optimizer.lr.LambdaDecay(1.0, lambda step: learning_rate(step, total, warmup, peak, train.MIN_LR)),
        parameters=list(trainable(model).values()),
        weight_decay=train.WEIGHT_DECAY,
        apply_decay_param_fun=lambda name: name in decayed,
        grad_clip=nn.ClipGradByGlobalNorm(train.GRAD_CLIP) if train.GRAD_CLIP else None,
    )


def learning_rate(step: int, total: float, warmup: float, peak: float, floor: float) -> float:
    """Linear warm-up from a hundredth of `peak`, then a cosine down to `floor` at `total` steps."""
    if step < warmup:
        return peak * (0.01 + 0.99 * step / warmup)
    progress = min(1.0, (step - warmup) / max(1.0, total - warmup))
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


def trainable(model: nn.Layer) -> dict:
    """The parameters that gradients reach, by name; Paddle counts batch-norm statistics among a model's parameters."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.trainable}


def count_decayed(model: nn.Layer) -> tuple[int, int]:
    """How many tensors weight decay reaches and how many it spares."""
    ranks = [parameter.ndim for parameter in trainable(model).values()]
    return sum(rank > 1 for rank in ranks), sum(rank <= 1 for rank in ranks)
