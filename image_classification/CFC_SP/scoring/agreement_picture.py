# SPDX-License-Identifier: Apache-2.0
"""Two annotations of the same tracks as bands above each other, and where they differ."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.labels import EXPR
from ..support.files import atomic_path
from ..writers.palette import COLOURS
from ..writers.timeline import printable, ticks
from ..writers.track_names import tier_of
from .label_mapping import CLASSES
from .rater_agreement import NOTHING, TrackAgreement

MOST_TRACKS = 24
"""The most tracks that are drawn: those that both label longest."""
_COLUMNS = 3000
_NEGATIVE, _DIFFERS = (90, 60, 60), (0, 0, 0)


def draw_agreement(tracks: Sequence[TrackAgreement], names: Sequence[str], path: str | Path) -> None:
    """Draws to a PNG, for each track, what either side says, by class, white where it says nothing, and below it in black where they
    differ."""
    # Takes longer to import than the rest to do, and most calls draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    shown = sorted(sorted(tracks, key=lambda track: -int(track.both.sum()))[:MOST_TRACKS], key=list(tracks).index)
    figure = Figure(figsize=(14, 1.1 + 1.1 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    # A dollar sign in a name is no formula.
    sides = [printable(name)[:24].replace("$", r"\$") for name in names]
    rows = figure.subplots(len(shown), squeeze=False)[:, 0]
    for axes, track in zip(rows, shown, strict=True):
        end_s = len(track.ours) * track.every_s
        axes.imshow(_bands(track), aspect="auto", interpolation="nearest", extent=(0, end_s, 3, 0))
        times = ticks(end_s)
        axes.set_xticks(list(times), list(times.values()))
        axes.set_yticks((0.5, 1.5, 2.5), (*sides, "differ"))
        axes.set_title(printable(", ".join(filter(None, (track.clip, tier_of(track.track))))).replace("$", r"\$"), fontsize=10, loc="left")
    present = np.unique(np.concatenate([side for track in shown for side in (track.ours, track.theirs)]))
    handles = [Patch(color=np.array(_colour(number)) / 255, label=CLASSES[number]) for number in present if number != NOTHING]
    figure.legend(handles=handles, ncols=len(handles), loc="outside lower center", frameon=False)
    with atomic_path(path) as part:
        figure.savefig(part, dpi=100, metadata={"Software": None})


def _bands(track: TrackAgreement) -> np.ndarray:
    """RGB uint8 [3, N, 3]: ours, theirs, and where they differ, of _COLUMNS samples at most; a difference outlives the thinning."""
    count = len(track.ours)
    width = min(count, _COLUMNS)
    places = np.arange(width) * count // width
    palette = np.array([*(_colour(number) for number in range(len(CLASSES))), (255, 255, 255)], np.uint8)
    differ = np.maximum.reduceat(track.both & (track.ours != track.theirs), places)
    return np.stack([palette[track.ours[places]], palette[track.theirs[places]], np.where(differ[:, None], _DIFFERS, 255).astype(np.uint8)])


def _colour(number: int) -> tuple[int, int, int]:
    return COLOURS[CLASSES[number]] if CLASSES[number] in EXPR else _NEGATIVE
