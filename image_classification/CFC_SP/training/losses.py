# SPDX-License-Identifier: Apache-2.0
"""The loss of every stage."""

from paddle import nn


def soft_cross_entropy(logits, targets, smoothing: float = 0.0):
    """Mean cross-entropy of logits [N, C] against distributions [N, C]; `smoothing` moves that share to the uniform distribution."""
    targets = targets * (1 - smoothing) + smoothing / logits.shape[-1]
    # Not mean(): oneDNN writes a line to standard output for every mean it takes on.
    return -(targets * nn.functional.log_softmax(logits, axis=-1)).sum() / targets.shape[0]
