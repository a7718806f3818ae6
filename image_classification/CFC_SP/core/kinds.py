# SPDX-License-Identifier: Apache-2.0
"""The kinds of smoothing, what is averaged over a track's window, and how long the window of each is unless it is told."""

from ..support.errors import UserError

# By name, in the order of their numbers in programs: the window in frames at 30 fps. 256 is the best of the paper's Table 4.
KINDS = {"logits": 256, "probabilities": 16, "decoder": 24}
# The least that a frame may say of a class in the decoder's mean of logarithms: no frame by itself rules a class out.
FLOOR = 0.01
# A label of the decoder lasts for this part of the window at least: 0.2 s of the 24 frames at 30 fps.
SHARE_OF_WINDOW = 4
# The largest power of the training data's prior that may be taken out.
MOST_TAU = 2.0


def kind_number(kind: str) -> int:
    """The number by which programs know a kind; raises UserError for an unknown one."""
    if kind not in KINDS:
        raise UserError(f"expected a kind of smoothing, one of {', '.join(KINDS)}, found {kind!r}: choose one of them")
    return list(KINDS).index(kind)
