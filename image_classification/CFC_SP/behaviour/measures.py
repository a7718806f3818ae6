# SPDX-License-Identifier: Apache-2.0
"""What one or more faces showed, in numbers: shares, bouts, transitions, mean probabilities. docs/statistics.md has the formulas."""

from collections.abc import Sequence

import numpy as np

from ..core.labels import EXPR
from .measured_clip import MeasuredTrack

NAMES = (
    *("seconds", "frames", "expressiveness", "changes_per_minute"),
    *(
        f"{kind}_{label.lower()}"
        for kind in ("share", "bouts", "bouts_per_minute", "mean_bout_s", "longest_bout_s", "mean_p")
        for label in EXPR
    ),
)
"""What `measure` gives, in the order of the tables' columns."""
COMPARED = tuple(name for name in NAMES if not name.startswith(("bouts_", "longest", "seconds", "frames")) or "per_minute" in name)
"""Those that clips of different lengths can be compared by."""


def measure(tracks: Sequence[MeasuredTrack]) -> dict[str, float | None]:
    """The measures NAMES of these tracks together; None where one is not defined, as the mean length of bouts where there is none."""
    lengths = {label: [s.end_s - s.start_s for track in tracks for s in track.segments if s.label == label] for label in EXPR}
    weights = np.concatenate([track.seconds for track in tracks]) if tracks else np.zeros(0)
    seen_s = float(sum(map(sum, lengths.values())))
    found: dict[str, float | None] = dict.fromkeys(NAMES)
    found |= {"seconds": seen_s, "frames": len(weights)}
    if not seen_s:
        return found
    means = np.average(np.concatenate([track.probabilities for track in tracks]), axis=0, weights=weights)
    found["expressiveness"] = float(1 - means[0])
    found["changes_per_minute"] = float(60 * transitions(tracks).sum() / seen_s)
    for label, mean in zip(EXPR, means, strict=True):
        name, own = label.lower(), lengths[label]
        found[f"share_{name}"] = sum(own) / seen_s
        found[f"bouts_{name}"] = len(own)
        found[f"bouts_per_minute_{name}"] = 60 * len(own) / seen_s
        found[f"mean_bout_s_{name}"] = sum(own) / len(own) if own else None
        found[f"longest_bout_s_{name}"] = max(own) if own else None
        found[f"mean_p_{name}"] = float(mean)
    return found


def transitions(tracks: Sequence[MeasuredTrack]) -> np.ndarray:
    """How often each label (row) was followed by each other one (column) without a break, int [8, 8] in EXPR order."""
    counts = np.zeros((len(EXPR), len(EXPR)), int)
    for track in tracks:
        for before, after in zip(track.segments, track.segments[1:], strict=False):
            if abs(after.start_s - before.end_s) < 1e-6:
                counts[EXPR.index(before.label), EXPR.index(after.label)] += 1
    return counts
