# SPDX-License-Identifier: Apache-2.0
"""The loss of every stage."""

import numpy as np
import paddle
from paddle import nn


def soft_cross_entropy(logits, targets, smoothing: float = 0.0, adjustment: np.ndarray | None = None):
    """Mean cross-entropy of logits [N, C] against distributions [N, C]; `smoothing` moves that share to the uniform distribution, and
    `adjustment`, float32 [C], is added to the logits."""
    if adjustment is not None:
        logits = logits + paddle.to_tensor(adjustment)
    targets = targets * (1 - smoothing) + smoothing / logits.shape[-1]
    # Not mean(): oneDNN writes a line to standard output for every mean it takes on.
    return -(targets * nn.functional.log_softmax(logits, axis=-1)).sum() / targets.shape[0]


def logit_adjustment(targets: np.ndarray, factors: np.ndarray, tau: float) -> np.ndarray:
    """What the loss adds to the logits, float32 [C]: tau times the logarithm of the classes' shares among the targets [M, C], of which
    each is seen `factors` [M] times.

    A network trained with tau = 1 answers as if all classes were equally frequent (Menon et al., "Long-tail learning via logit
    adjustment", ICLR 2021, arXiv 2007.07314, section 5.2).
    """
    shares = factors @ targets
    return (tau * np.log(shares / shares.sum())).astype(np.float32)
