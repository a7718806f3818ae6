# SPDX-License-Identifier: Apache-2.0
"""Statistics in a few lines of a terminal: each clip and each group, and what they showed most."""

import shutil

from ..core.labels import EXPR
from .statistics_tables import Statistics

MOST_CLIPS = 20
"""The clips that are shown: the first ones."""
_WIDEST, _NARROWEST, _MOST_LABELS = 88, 40, 3


def lines_of_statistics(statistics: Statistics) -> list[str]:
    """A line for each clip and each group, no wider than the terminal (of some width at least); names that are too long are cut."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns - 1))
    clips = statistics.tables["clip_measures"]
    rows = [("clip", "faces", "seconds", "shows most")]
    rows += [(row["clip"], str(row["tracks"]), f"{row['seconds']:.1f}", _most(row)) for row in clips[:MOST_CLIPS]]
    lines = _aligned(rows, width)
    if len(clips) > MOST_CLIPS:
        lines.append(f"and {len(clips) - MOST_CLIPS} more in clip_measures.csv")
    groups: dict[str, dict] = {}
    for row in statistics.tables.get("groups", ()):
        own = groups.setdefault(row["group"], {"clips": 0})
        own |= {row["measure"]: row["mean"], "clips": max(own["clips"], row["clips"])}
    if groups:
        rows = [("group", "clips", "shows most, by the mean of its clips")]
        lines += ["", *_aligned(rows + [(name, str(own["clips"]), _most(own)) for name, own in groups.items()], width)]
    return lines


def _most(measures: dict) -> str:
    """The labels with the largest shares of the time."""
    shares = sorted(((measures.get(f"share_{label.lower()}") or 0.0, label) for label in EXPR), key=lambda one: -one[0])
    return ", ".join(f"{label} {share:.0%}" for share, label in shares[:_MOST_LABELS] if round(share, 2)) or "no face"


def _aligned(rows: list[tuple[str, ...]], width: int) -> list[str]:
    """The rows in columns: names to the left, numbers to the right, and as many whole words of the last column as there is room for."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    widths[0] = min(widths[0], width // 3)
    lines = []
    for name, *numbers, most in rows:
        name = name if len(name) <= widths[0] else f"{name[: widths[0] - 1]}…"
        head = "  ".join([name.ljust(widths[0]), *(number.rjust(size) for number, size in zip(numbers, widths[1:], strict=True))])
        while len(head) + 2 + len(most) > width and ", " in most:
            most = most.rpartition(", ")[0]
        lines.append(f"{head}  {most}")
    return lines
