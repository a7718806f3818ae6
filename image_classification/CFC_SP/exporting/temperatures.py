# SPDX-License-Identifier: Apache-2.0
"""Temperatures that make a cascade's probabilities mean what they say (Guo et al., "On Calibration of Modern Neural Networks", 2017)."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from ..core.cascade_settings import Temperature
from ..core.labels import IGNORED
from ..scoring.cache import LogitsCache
from ..scoring.frames import load_frames
from ..scoring.scorer import Scorer
from ..support.errors import UserError
from ..support.temporary import temporary_folder
from ..training.class_bias import TEMPERATURES

# Of still pictures: f' is f plus a mean of such f.
_TERMS_OF_SP = 2


def fit_temperatures(sources: Mapping[str, Sequence[str]], dataset: str, root: str, sp) -> dict[str, list[Temperature]]:
    """One temperature a stage, for all networks of it, that gives the validation split's true classes the greatest likelihood.

    sources: checkpoints by stage, "coarse" and "negative"; the negative one is fitted where the truth is negative. Where the data are
    videos, the smoothed logits' temperature is fitted with SP as `sp` (a config's node) sets it, and otherwise twice the other: SP's sum
    has two terms.
    Raises UserError as the data set and the checkpoints do, and for a stage none of whose classes is there.
    """
    frames = load_frames(dataset, root, "val")
    with temporary_folder() as folder:
        cache = LogitsCache(folder, frames, dataset, "val")
        logits = {path: cache.logits(path, stage) for stage, paths in sources.items() for path in paths}
        scorer = Scorer(frames, logits, sp.NORMALIZER)
        return {stage: [_fit_stage(scorer, stage, paths, sp.WINDOW)] * len(paths) for stage, paths in sources.items()}


def _fit_stage(scorer: Scorer, stage: str, paths: Sequence[str], window: int) -> Temperature:
    truth = scorer.truth(stage)
    asked = scorer.valid & (truth != IGNORED)
    if not asked.any():
        raise UserError(f"-calibrate: expected validation pictures with a {stage} class, found none: choose other data")

    def fitted(window):
        networks = np.stack([scorer.smoothed(stage, path, window)[:, asked] for path in paths])
        return fit_temperature(networks, truth[asked])

    own = fitted(0)
    return Temperature(own, fitted(window) if scorer.frames.videos and window else round(_TERMS_OF_SP * own, 3))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The T between 0.1 and 10 for which the mean over networks of softmax(logits / T), [n, C, N], has the least cross-entropy with
    the classes `truth`, int [N]; to three digits."""

    def cross_entropy(log_temperature):
        given = softmax(logits / np.exp(log_temperature), axis=1).mean(0)[truth, np.arange(len(truth))]
        return -np.log(np.maximum(given, np.finfo(np.float32).tiny)).mean()

    return round(float(np.exp(minimize_scalar(cross_entropy, bounds=np.log(TEMPERATURES), method="bounded").x)), 3)
