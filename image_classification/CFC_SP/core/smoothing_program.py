# SPDX-License-Identifier: Apache-2.0
"""Smooth predicting (SP, section 3.3) on Paddle's tensors: what is exported, and what `smoothing.smooth` does with a tensor."""

import paddle

from .window import check_normalizer


class SmoothPredicting(paddle.nn.Layer):
    """`smooth` as a layer whose window is an input, so that one exported program serves every window and every length.

    Raises UserError for an unknown normalizer.
    """

    def __init__(self, normalizer="count"):
        super().__init__()
        check_normalizer(normalizer)
        self.normalizer = normalizer

    def forward(self, logits, valid, window):
        """Smoothed logits [T, C] in the dtype of `logits`; valid bool [T], window int64 [1], 0 or more. Section 3.3, eq. 1.

        Nothing is checked here: the logits of valid frames must be finite, for one that is not spoils all frames after it.
        """
        own = own_logits(logits, valid)
        return own + window_mean(own, valid, window, self.normalizer)


def own_logits(logits, valid):
    """`logits` [T, C] with zeros in the frames that are not valid (bool [T])."""
    # A product with the mask would let NaN through.
    return paddle.masked_fill(logits, paddle.logical_not(valid).unsqueeze(1), 0.0)


def window_mean(logits, among, window, normalizer):
    """The mean of eq. 1: for every frame, that of the finite logits [T, C] over the frames of its window with `among` (bool [T]).

    window: int64 [1], 0 or more. Returns [T, C] in the dtype of `logits`; zeros where the window holds no such frame, or is 0.
    """
    zero, one = paddle.zeros([1], "int64"), paddle.ones([1], "int64")
    frames = paddle.shape(logits)[0].astype("int64")
    index = paddle.arange(frames, dtype="int64")
    reach = window // 2
    # Not paddle.clip: oneDNN fuses it into the subtraction and then, on int64 and float64, drops it (paddlepaddle 3.2.2, 3.3.1).
    start = paddle.maximum(index - reach, zero)
    # Window 0 must be empty, though window 1 has the same reach: its end is its start.
    end = paddle.minimum(index + reach + paddle.minimum(window, one), frames)

    # A running sum over hours of video outgrows float32.
    features = own_logits(logits, among).astype("float64")
    # Row k of the totals is the sum of the first k frames.
    totals = paddle.concat([paddle.zeros([1, features.shape[1]], "float64"), paddle.cumsum(features, axis=0)])
    sums = paddle.gather(totals, end) - paddle.gather(totals, start)
    if normalizer == "window":
        divisor = paddle.maximum(window, one)
    else:
        counts = paddle.concat([zero, paddle.cumsum(among.astype("int64"))])
        divisor = paddle.maximum(paddle.gather(counts, end) - paddle.gather(counts, start), one)
    return (sums / divisor.astype("float64").unsqueeze(1)).astype(logits.dtype)
