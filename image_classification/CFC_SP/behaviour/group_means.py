# SPDX-License-Identifier: Apache-2.0
"""Groups of clips: means of their measures, and how far these would stray with other clips. docs/statistics.md has the formulas."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

RESAMPLES, LEVEL = 2000, 0.95
"""How often clips are drawn again, and the share of those draws that an interval holds."""
# Numbers that are drawn at a time.
_MOST_DRAWN = 4_000_000

Values = Sequence[float]


def group_rows(groups: dict[str, list[dict]], names: Sequence[str], seed: int) -> list[dict]:
    """For each group and measure: the clips that have it, their mean, and its bootstrap interval; None where one clip alone has it.

    groups: the measures of the clips of each, by name, None where a clip lacks one.
    """
    found = []
    for group, name, values in _each(groups, names):
        low, high = interval((values,), seed)
        found.append({"group": group, "measure": name, "clips": len(values), "mean": float(np.mean(values)), "low": low, "high": high})
    return found


def difference_rows(groups: dict[str, list[dict]], names: Sequence[str], seed: int) -> list[dict]:
    """For each two groups and measure: the difference of their means, the first less the second, and its bootstrap interval."""
    values = {(group, name): own for group, name, own in _each(groups, names)}
    found = []
    for a, b in combinations(groups, 2):
        for name in names:
            if (a, name) in values and (b, name) in values:
                both = values[a, name], values[b, name]
                low, high = interval(both, seed)
                difference = float(np.mean(both[0]) - np.mean(both[1]))
                found.append({"group_a": a, "group_b": b, "measure": name, "difference": difference, "low": low, "high": high})
    return found


def interval(samples: tuple[Values, ...], seed: int) -> tuple[float | None, float | None]:
    """The percentile bootstrap interval of the mean of one sample, or of the difference of the means of two, which are drawn apart."""
    if min(map(len, samples)) < 2:
        return None, None
    random = np.random.default_rng(seed)
    means = [_drawn_means(np.array(values), random) for values in samples]
    strayed = means[0] - means[1] if len(means) == 2 else means[0]
    low, high = np.percentile(strayed, (50 * (1 - LEVEL), 50 * (1 + LEVEL)))
    return float(low), float(high)


def _drawn_means(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The means of RESAMPLES samples as large as this one, drawn from it with replacement, float [RESAMPLES]."""
    at_once = max(1, _MOST_DRAWN // len(values))
    counts = [min(at_once, RESAMPLES - begin) for begin in range(0, RESAMPLES, at_once)]
    return np.concatenate([random.choice(values, (count, len(values))).mean(axis=1) for count in counts])


def _each(groups: dict[str, list[dict]], names: Sequence[str]):
    for group, clips in groups.items():
        for name in names:
            values = [clip[name] for clip in clips if clip[name] is not None]
            if values:
                yield group, name, values
