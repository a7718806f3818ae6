# SPDX-License-Identifier: Apache-2.0
"""SP's window: how long it is, counted in frames at 30 a second, and what its sum is divided by."""

import math
from numbers import Integral

from ..support.errors import UserError

REFERENCE_FPS = 30
NORMALIZERS = ("count", "window")


def scaled_window(window_at_30_fps, fps):
    """The window in frames (int) of a clip at `fps` frames a second that lasts as long as `window_at_30_fps` frames do at 30.

    0 stays 0; any other window stays at least 1, since SP that fell away would halve the scale of the logits.
    Raises UserError for a window that is negative or not whole and for a frame rate that is not a positive number.
    """
    check_window(window_at_30_fps)
    if not (math.isfinite(fps) and fps > 0):
        raise UserError(f"expected a frame rate above 0, found {fps!r}: give the clip's number of frames a second")
    if window_at_30_fps == 0:
        return 0
    return max(1, round(window_at_30_fps * fps / REFERENCE_FPS))


def check_window(window):
    """Raises UserError for a window that is negative or not whole."""
    if not isinstance(window, Integral) or window < 0:
        raise UserError(f"expected a window of 0 or more whole frames, found {window!r}: give a whole number, 0 switches SP off")


def check_normalizer(normalizer):
    """Raises UserError unless `normalizer` is one of NORMALIZERS."""
    if normalizer not in NORMALIZERS:
        raise UserError(f"expected a normalizer, one of {', '.join(NORMALIZERS)}, found {normalizer!r}: choose one of them")
