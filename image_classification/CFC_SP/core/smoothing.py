"""Smooth predicting (SP, section 3.3): every frame's logits plus the mean of the logits in a window around it.

f'_i = f_i + mean of f_j over |j - i| <= window // 2, where j runs over the valid frames of the same track. Each track is smoothed
apart: a call takes one track, and never a track across a cut. Eq. 1 divides by the window, although its sum has one term more and
fewer at the ends: the normalizer "count" divides by the terms present, "window" is eq. 1 to the letter.
"""

import numpy as np
import paddle

from ..support.errors import UserError
from .window import check_window

NORMALIZERS = ("count", "window")


def smooth(logits, valid, window, normalizer="count", among=None):
    """Smoothed logits [T, C] of one track, of the same kind (NumPy array or Paddle tensor) and float dtype as `logits`.

    logits: float32 or float64 [T, C]. valid: bool [T], False where the frame shows no face of this track. window: frames, 0 or
    more; 0 switches SP off and leaves the valid frames as they are, 1 doubles them, an even w reaches w / 2 frames each way.
    among: bool [T], the frames whose logits are averaged, where that is not every valid one; a frame that is not valid adds zero.

    The logits of a frame that is not valid count as zero, whatever they are, so what comes out there is the mean of its window
    alone; with no valid frame in the window it is zero. The cost is linear in T and does not depend on the window.

    Raises UserError for an unknown normalizer, a window that is negative or not whole, shapes that disagree, logits that are not
    floating point, and a valid frame whose logits are not finite. Section 3.3, eq. 1.
    """
    check_normalizer(normalizer)
    check_window(window)
    is_tensor = isinstance(logits, paddle.Tensor)
    among = valid if among is None else among
    if is_tensor:
        tensors = (mask if isinstance(mask, paddle.Tensor) else paddle.to_tensor(mask) for mask in (valid, among))
        valid, among = (mask.astype("bool") for mask in tensors)
    else:
        logits, valid, among = np.asarray(logits), np.asarray(valid, bool), np.asarray(among, bool)
    shape, *masks = list(logits.shape), list(valid.shape), list(among.shape)
    if len(shape) != 2 or any(mask != shape[:1] for mask in masks):
        found = next((mask for mask in masks if mask != shape[:1]), masks[0])
        raise UserError(f"expected logits [T, C] and valid [T], found {shape} and {found}: pass one track at a time")
    if "float" not in str(logits.dtype):
        raise UserError(f"expected floating point logits, found {logits.dtype}: convert them to float32")
    own = own_logits(logits, valid) if is_tensor else np.where(valid[:, None], logits, logits.dtype.type(0))
    if not (paddle if is_tensor else np).isfinite(own).all():
        raise UserError("expected finite logits in every valid frame, found NaN or infinity: mark such frames as not valid")
    if is_tensor:
        return own + window_mean(own, among, paddle.to_tensor([int(window)]), normalizer)
    _add_window_mean(own, among, int(window), normalizer)
    return own


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


def _add_window_mean(logits, among, window, normalizer):
    """`window_mean` in NumPy, added in place: much faster over a whole data set."""
    index = np.arange(len(logits))
    start = np.maximum(index - window // 2, 0)
    end = np.minimum(index + window // 2 + min(window, 1), len(logits))
    if normalizer == "window":
        divisor = max(window, 1)
    else:
        counts = np.concatenate([[0], np.cumsum(among)])
        divisor = np.maximum(counts[end] - counts[start], 1)
    totals = np.zeros(len(logits) + 1)
    # Column by column, so that the float64 copies stay small.
    for column in logits.T:
        np.cumsum(np.where(among, column, column.dtype.type(0)), dtype=np.float64, out=totals[1:])
        column += (totals[end] - totals[start]) / divisor


def check_normalizer(normalizer):
    """Raises UserError unless `normalizer` is one of NORMALIZERS."""
    if normalizer not in NORMALIZERS:
        raise UserError(f"expected a normalizer out of {', '.join(NORMALIZERS)}, found {normalizer!r}: choose one of them")
