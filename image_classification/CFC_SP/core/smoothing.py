# SPDX-License-Identifier: Apache-2.0
"""Smooth predicting (SP, section 3.3): every frame's logits plus the mean of the logits in a window around it.

f'_i = f_i + mean of f_j over |j - i| <= window // 2, where j runs over the valid frames of the same track. A call takes one track, and a
track ends at a cut. Eq. 1 divides by the window, although its sum has window + 1 terms, and fewer at the ends. The normalizer "count"
divides by the number of terms; "window" is eq. 1 to the letter.
"""

import numpy as np

from ..support.errors import UserError
from .window import check_normalizer, check_window


def smooth(logits, valid, window, normalizer="count", among=None):
    """Smoothed logits [T, C] of one track, of the same kind (NumPy array or Paddle tensor) and float dtype as `logits`.

    logits: float32 or float64 [T, C]. valid: bool [T], False where the frame shows no face of this track. window: frames, 0 or more. 0
    switches SP off and leaves valid frames as they are, 1 doubles them, and an even w reaches w / 2 frames each way. among: bool [T], the
    frames whose logits are averaged; None: the valid ones. A frame that is in `among` but not valid counts as zero.

    The own logits of a frame that is not valid are ignored: its output is the mean of its window alone, or zero where the window holds no
    valid frame. The cost is linear in T and does not depend on the window.

    Raises UserError for an unknown normalizer, a window that is negative or not whole, shapes that disagree, logits that are not
    floating point, and a valid frame whose logits are not finite. Section 3.3, eq. 1.
    """
    check_normalizer(normalizer)
    check_window(window)
    is_tensor = type(logits).__module__ == "paddle"
    among = valid if among is None else among
    if is_tensor:
        # Who has a tensor has Paddle; arrays do without it.
        import paddle

        from .smoothing_program import own_logits, window_mean

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
    add_window_mean(own, among, int(window), normalizer)
    return own


def add_window_mean(logits, among, window, normalizer):
    """The mean of eq. 1, as `smoothing_program.window_mean` computes it, added in place: much faster over a whole data set."""
    # Column by column, so that the float64 copies stay small.
    for column, mean in zip(logits.T, _window_means(logits, among, window, normalizer), strict=True):
        column += mean


def mean_in_window(logits, among, window, normalizer):
    """The same mean, [T, C] in the dtype of `logits`, without the logits themselves."""
    return np.stack(list(_window_means(logits, among, window, normalizer)), axis=1).astype(logits.dtype)


def _window_means(logits, among, window, normalizer):
    """The mean of eq. 1 of each column of logits [T, C], float64 [T], one after another."""
    index = np.arange(len(logits))
    start = np.maximum(index - window // 2, 0)
    end = np.minimum(index + window // 2 + min(window, 1), len(logits))
    if normalizer == "window":
        divisor = max(window, 1)
    else:
        counts = np.concatenate([[0], np.cumsum(among)])
        divisor = np.maximum(counts[end] - counts[start], 1)
    totals = np.zeros(len(logits) + 1)
    for column in logits.T:
        np.cumsum(np.where(among, column, column.dtype.type(0)), dtype=np.float64, out=totals[1:])
        yield (totals[end] - totals[start]) / divisor
