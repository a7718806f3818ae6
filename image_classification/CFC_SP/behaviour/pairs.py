# SPDX-License-Identifier: Apache-2.0
"""Two faces of one clip: what they show at the same time, and which follows the other. docs/statistics.md has the formulas."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ..core.labels import EXPR
from .measured_clip import MeasuredClip, MeasuredTrack

LONGEST_LAG_S, LAG_STEP_S = 2.0, 0.1
"""How far two curves are moved against each other, and by which steps, in seconds."""
LEAST_COMMON_S = 2.0
"""Faces that are seen together for a shorter time are no pair."""
MOST_TRACKS = 12
"""Of so many tracks of a clip, those seen longest, pairs are made."""
# Two points always lie on a line.
_FEWEST = 3


def pairs_of(clip: MeasuredClip) -> Iterator[tuple[MeasuredTrack, MeasuredTrack]]:
    """The pairs of faces that the clip shows together."""
    longest = sorted(clip.tracks, key=lambda track: (-track.seconds.sum(), track.number))[:MOST_TRACKS]
    for a, b in combinations(sorted(longest, key=lambda track: track.number), 2):
        if a.seconds[np.isin(a.places, b.places)].sum() >= LEAST_COMMON_S:
            yield a, b


def cooccurrence(a: MeasuredTrack, b: MeasuredTrack) -> list[dict]:
    """For each label, over the time in which both faces are seen: the share of it in which each shows it and in which both do, the share
    that chance would give (their product), the lift (both / expected) and Jaccard's index; None where these are not defined."""
    _, own, other = np.intersect1d(a.places, b.places, return_indices=True)
    weights = a.seconds[own]
    total = float(weights.sum())
    found = []
    for number, label in enumerate(EXPR):
        shows_a, shows_b = a.labels[own] == number, b.labels[other] == number
        share_a, share_b, both = (float(weights[which].sum() / total) for which in (shows_a, shows_b, shows_a & shows_b))
        expected, either = share_a * share_b, share_a + share_b - both
        found.append(
            {"label": label, "seconds": total, "share_a": share_a, "share_b": share_b, "both": both, "expected": expected}
            | {"lift": both / expected if expected else None, "jaccard": both / either if either else None}
        )
    return found


def lagged_correlations(a: MeasuredTrack, b: MeasuredTrack, frame_s: float) -> list[dict]:
    """Pearson's correlation of what `a` shows with what `b` shows so many seconds later, for each probability and for expressiveness.

    A lag above 0 means that `b` follows. None where fewer than three frames meet, or one curve is flat there.
    """
    step = max(1, round(LAG_STEP_S / frame_s))
    furthest = int(LONGEST_LAG_S / frame_s + 1e-9) // step * step
    found = []
    for lag in range(-furthest, furthest + 1, step):
        common, own, other = np.intersect1d(a.places + lag, b.places, return_indices=True)
        for name, x, y in zip(_CURVES, _curves(a.probabilities[own]), _curves(b.probabilities[other]), strict=True):
            found.append({"curve": name, "lag_s": lag * frame_s, "frames": len(common), "correlation": _correlation(x, y)})
    return found


_CURVES = ("expressiveness", *(f"p_{label.lower()}" for label in EXPR))


def _curves(probabilities: np.ndarray) -> np.ndarray:
    return np.vstack([1 - probabilities[:, 0], probabilities.T])


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    # Probabilities are rounded to six places: less than that is no change.
    if len(x) < _FEWEST or np.ptp(x) < 1e-5 or np.ptp(y) < 1e-5:
        return None
    return float(np.corrcoef(x, y)[0, 1])
