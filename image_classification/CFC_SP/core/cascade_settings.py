# SPDX-License-Identifier: Apache-2.0
"""What a cascade is set to, checked and as arrays: the same for the program on Paddle and for the form on NumPy."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..support.errors import UserError
from .kinds import KINDS, kind_number
from .labels import COARSE_TO_EXPR, EXPR, NEGATIVE_CLASS, NEGATIVE_TO_EXPR
from .window import check_normalizer

NEGATIVE_SCOPES = ("routed", "all")
# The EXPR number of each of the eight where both stages meet: the plain classes in COARSE order, then those in NEGATIVE order.
IN_STAGE_ORDER = (*COARSE_TO_EXPR[:NEGATIVE_CLASS], *NEGATIVE_TO_EXPR)
# What a logarithm is taken of at least.
TINY = 1e-30


class Temperature(NamedTuple):
    """What a network's logits are divided by before softmax: a frame's own, and those that SP made of them. 1 and 1 are the paper."""

    own: float = 1.0
    smoothed: float = 1.0


def check_settings(
    coarse: Sequence[Temperature], negative: Sequence[Temperature], normalizer: str, negative_scope: str, calibration: np.ndarray
) -> None:
    """Raises UserError for an unknown normalizer or scope, a stage without a network, and a temperature that is not above 0 and finite.

    coarse, negative: a Temperature for each network of the stage; calibration: as `calibration_table` gives it.
    """
    check_normalizer(normalizer)
    if negative_scope not in NEGATIVE_SCOPES:
        scopes = ", ".join(NEGATIVE_SCOPES)
        raise UserError(f"expected a negative scope, one of {scopes}, found {negative_scope!r}: choose one of them")
    every = [value for stage in (coarse, negative) for network in stage for value in network] + calibration.flatten().tolist()
    if not (coarse and negative) or not all(0 < value < float("inf") for value in every):
        raise UserError(
            "expected a temperature above 0 for each coarse network and for each negative one, found "
            f"{coarse} and {negative}, calibration {calibration.tolist()}: give one for each; 1 changes nothing"
        )


def calibration_table(calibration: Mapping[str, Sequence[float]] | None) -> np.ndarray:
    """Float32 [kinds, 2]: by number of kind, what the logarithms of the smoothed probabilities of both stages are divided by.

    calibration: by name of kind; 1 where it is left out. Raises UserError for an unknown kind.
    """
    table = np.ones((len(KINDS), 2), np.float32)
    for kind, temperatures in (calibration or {}).items():
        table[kind_number(kind)] = temperatures
    return table


def log_shares(shares: Sequence[float] | None) -> np.ndarray:
    """The logarithms, float32 [8], of the classes' shares of the training data, which are in EXPR order, in IN_STAGE_ORDER.

    0 where they are unknown (None), and for Other, which each data set fills again. Raises UserError unless they are eight above 0.
    """
    if shares is None:
        return np.zeros(len(EXPR), np.float32)
    if len(shares) != len(EXPR) or not all(0 < share <= 1 for share in shares):
        raise UserError(f"expected the shares of {len(EXPR)} classes, each above 0 and at most 1, found {shares}: leave none out")
    logarithms = np.log(np.array(shares, np.float32))
    logarithms[EXPR.index("Other")] = 0
    return logarithms[list(IN_STAGE_ORDER)]
