# SPDX-License-Identifier: Apache-2.0
"""Means of probabilities over a window, and labels that last: what the kinds of smoothing do that are not the paper's.

"probabilities" is the mean of a track's probabilities over the window. "decoder" is the mean of their logarithms, by which one frame
cannot outvote the others, and a label that lasts for less than a quarter of the window gives way to those beside it.
"""

import paddle

from .kinds import FLOOR
from .smoothing_program import window_mean


def mean_probabilities(probabilities, valid, window):
    """The mean of probabilities [T, C] over the valid frames (bool [T]) of each frame's window (int64 [1]): [T, C], each row sums to 1.

    A frame with no valid frame in its window, or with window 0, keeps its own.
    """
    return _or_own(window_mean(probabilities, valid, window, "count"), probabilities, valid, window)


def mean_logarithms(probabilities, valid, window):
    """What `mean_probabilities` gives, of the logarithms: the normalised geometric mean, of probabilities held above FLOOR."""
    logarithms = paddle.maximum(probabilities, paddle.full([1], FLOOR)).log()
    powers = window_mean(logarithms, valid, window, "count").exp()
    return _or_own(powers / powers.sum(1, keepdim=True), probabilities, valid, window)


def _or_own(means, probabilities, valid, window):
    counted = window_mean(valid.astype("float32").unsqueeze(1), valid, window, "count")
    return paddle.where(counted > 0, means, probabilities)


def lasting(labels, shortest):
    """Labels int64 [T] in which none lasts for less than `shortest` frames (int64 [1]; 0 and 1 change nothing).

    Frames of a shorter run take the label of the nearest frame whose run is long enough, of two as near the earlier one's. Where
    there is none within `shortest` frames they keep their own, so that no frame depends on more than 2 * shortest frames either way.
    """
    frames = paddle.shape(labels)[0].astype("int64")
    index = paddle.arange(frames, dtype="int64")
    changes = labels[1:] != labels[:-1]
    edge = paddle.ones([1], "bool")
    zero = paddle.zeros([1], "int64")
    first = _last_true(paddle.concat([edge, changes]), index, zero)
    end = frames - 1 - _last_true(paddle.concat([changes, edge]).flip(0), index, zero).flip(0)
    long = end - first + 1 >= shortest
    # Further away than any frame, where there is no such run.
    nowhere = -frames - shortest - 1
    before = _last_true(long, index, nowhere)
    after = frames - 1 - _last_true(long.flip(0), index, nowhere).flip(0)
    place = paddle.where(index - before <= after - index, before, after)
    # Not paddle.abs: oneDNN fuses it into the subtraction and then, on int64, drops it, as it does paddle.clip.
    near = paddle.logical_and(index - place <= shortest, place - index <= shortest)
    return paddle.gather(labels, paddle.where(near, place, index))


def _last_true(mask, index, none):
    """For every frame the last one up to it with `mask` (bool [T]): int64 [T]; `none` ([1]) where there is not any."""
    return paddle.cummax(paddle.where(mask, index, none), axis=0)[0]
