# SPDX-License-Identifier: Apache-2.0
"""The networks of both stages side by side (section 3.2): crops in, the logits of every network out."""

import numpy as np
import paddle
from paddle import nn

from .labels import COARSE_TO_EXPR, NEGATIVE_CLASS, NEGATIVE_TO_EXPR


class Ensemble(nn.Layer):
    """uint8 crops [N, S, S, 3] -> for every stage the logits of its networks, float32 [networks, N, classes].

    stages: {stage: [(network, trained_as), ...]}, of one stage or of both; trained_as is the stage that a network was trained for,
    "flat" where that is all eight classes. A network that serves both stages runs once. One stage returns one tensor.
    """

    def __init__(self, stages: dict[str, list[tuple[nn.Layer, str]]]):
        super().__init__()
        networks = list({id(network): network for members in stages.values() for network, _ in members}.values())
        self.networks = nn.LayerList(networks)
        places = {id(network): place for place, network in enumerate(networks)}
        self.stages = [(stage, [(places[id(network)], trained) for network, trained in members]) for stage, members in stages.items()]

    def forward(self, crops):
        logits = [network(crops) for network in self.networks]
        outputs = [
            paddle.stack([stage_logits(logits[place], trained_as, stage) for place, trained_as in members])
            for stage, members in self.stages
        ]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


class ClipProgram(nn.Layer):
    """Cascade and SP in one program: crops of a whole clip [T, S, S, 3], valid [T], window, kind, tau -> what `Cascade` returns.

    frames: the Ensemble of both stages, the coarse one first.
    """

    def __init__(self, frames: Ensemble, cascade: nn.Layer):
        super().__init__()
        self.frames, self.cascade = frames, cascade

    def forward(self, crops, valid, window, kind=None, tau=None):
        coarse, negative = self.frames(crops)
        return self.cascade(coarse, negative, valid, window, kind, tau)


def stage_logits(logits, trained_as: str, stage: str):
    """The logits of a network in the classes of `stage`, "coarse" [N, 5] or "negative" [N, 4].

    Those of a flat network [N, 8], in EXPR order, become five by the log of the sum of the exponentials of the four negative ones:
    their softmax is that of the eight with the negative shares added up. The negative stage takes the four as they are.
    """
    if trained_as == stage:
        return logits
    negative = _columns(logits, NEGATIVE_TO_EXPR)
    if stage == "negative":
        return negative
    # Negative is the last coarse class: what stands before it is plain.
    return paddle.concat([_columns(logits, COARSE_TO_EXPR[:NEGATIVE_CLASS]), _logsumexp(negative)], axis=1)


def _logsumexp(logits):
    """paddle.logsumexp over the classes, [N, 1], in operations that OpenVINO 2026.4 computes for every N: its own keeps the first N."""
    most = logits.max(axis=1, keepdim=True)
    return most + (logits - most).exp().sum(axis=1, keepdim=True).log()


def _columns(logits, order):
    return paddle.index_select(logits, paddle.assign(np.array(order)), axis=1)
