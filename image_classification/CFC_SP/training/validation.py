# SPDX-License-Identifier: Apache-2.0
"""Validation during training: batch-norm statistics for averaged weights, and scores over a split that processes share."""

from collections.abc import Callable, Iterable

import numpy as np
import paddle

from ..core.metrics import Scores, score
from ..data.datasets import StageData
from ..data.loader import plain_batches
from ..support.process_group import ALONE, Group
from ..weights.statistics import NORMS
from .compiled import BATCH

# Pictures enough for batch-norm statistics; their cost is that of as many training steps without the backward pass.
STATISTICS_BATCHES = 16


def measure_statistics(model, batches: Iterable[tuple], group: Group = ALONE) -> None:
    """Sets the batch-norm statistics of `model` to their means over `batches` of the loader ("precise BN", Wu & Johnson 2021), and over the
    processes of `group`, each of which gives its part of them: all of them end with the same.

    Averaged weights have never seen a picture, and oneDNN's training kernel leaves the running statistics as they were.
    """
    model.train()
    # Frozen parts keep theirs.
    norms = [layer for layer in model.sublayers() if isinstance(layer, NORMS) and layer.training]
    if not norms:
        return
    momenta = [norm._momentum for norm in norms]
    with paddle.no_grad():
        for count, (crops, _) in enumerate(batches):
            for norm in norms:
                norm._momentum = count / (count + 1)
            model(paddle.to_tensor(crops))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm._momentum = momentum
        for statistic in (norm._mean, norm._variance):
            statistic.set_value(group.sum(statistic.numpy()) / group.size)


def validate(network: Callable, data: StageData, size: int, group: Group = ALONE) -> Scores:
    """Scores on `data` of `network`, a function from at most BATCH uint8 crops [N, size, size, 3] to logits [N, C].

    Each process of `group` sees its own part of the pictures; the scores are those of all of them, whatever the parts' sizes.
    """
    mine = range(group.rank, len(data), group.size)
    predictions, damaged = np.zeros(len(data), np.int64), np.zeros(len(data), np.int64)
    parts = [network(crops).argmax(1) for crops in plain_batches(data, size, BATCH, mine)]
    predictions[mine] = np.concatenate([np.zeros(0, np.int64), *parts])
    damaged[list(data.damaged)] = 1
    whole = group.sum(damaged) == 0
    return score(data.labels[whole], group.sum(predictions)[whole], len(data.names))
