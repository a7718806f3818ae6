# SPDX-License-Identifier: Apache-2.0
"""How a bundle's sequence program is to smooth and weigh: the manifest's defaults, or what was asked for instead."""

import math
from dataclasses import dataclass

import numpy as np

from ..core.kinds import KINDS, MOST_TAU, kind_number
from ..support.errors import UserError
from .bundle import Bundle

# The prior that the training data have: nothing is taken out.
DATA_PRIOR = "data"


@dataclass(frozen=True)
class Mode:
    """kind: of smoothing, a name of KINDS. tau: the power of the training data's prior by which probabilities are divided. window: the
    kind's default, in frames at 30 fps. inputs: what the sequence program takes behind the window, nothing in bundles of schema 2."""

    kind: str
    tau: float
    window: int
    inputs: tuple[np.ndarray, ...]


def mode_of(bundle: Bundle, smoothing: str | None = None, prior: str | float | None = None) -> Mode:
    """The mode of a bundle: the kind `smoothing` and the prior `prior` ("data" or a power), None: the manifest's.

    A kind that is not the manifest's has the window of KINDS. Raises UserError for an unknown kind, for what is no power of 0 to
    MOST_TAU, and for what the bundle's programs or manifest do not hold.
    """
    manifest = bundle.manifest
    default = manifest["sp"].get("kind", "logits")
    kind = smoothing or default
    number = kind_number(kind)
    tau = manifest["prior"]["tau"] if prior is None and "prior" in manifest else prior_power(prior)
    window = manifest["sp"]["window"] if kind == default else KINDS[kind]
    if not bundle.has_kinds:
        if (kind, tau) != ("logits", 0):
            raise UserError(
                f"-smoothing {kind}, -prior {tau:g}: bundle {manifest['name']} supports neither; export it again, or leave them out"
            )
        return Mode(kind, tau, window, ())
    if tau and not manifest["prior"]["shares"]:
        raise UserError(f"-prior {tau:g}: bundle {manifest['name']} does not hold the class shares of its training data; leave -prior out")
    return Mode(kind, tau, window, (np.array([number]), np.array([tau], np.float32)))


def prior_power(prior: str | float | None) -> float:
    """The power that `prior` stands for, 0 where nothing is taken out; raises UserError for what is none of 0 to MOST_TAU."""
    if prior in (None, DATA_PRIOR):
        return 0.0
    try:
        tau = float(prior)
    except ValueError:
        tau = math.nan
    if not 0 <= tau <= MOST_TAU:
        raise UserError(f"-prior: expected {DATA_PRIOR}, or a power from 0 to {MOST_TAU:g}, found {prior!r}")
    return tau
