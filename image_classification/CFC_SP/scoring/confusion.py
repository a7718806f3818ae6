# SPDX-License-Identifier: Apache-2.0
"""A confusion matrix as a table and as a picture."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..support.files import atomic_path


def write_confusion(confusion: np.ndarray, names: Sequence[str], path: str | Path) -> None:
    """Writes the counts [C, C], rows the true classes, as a CSV with the classes' names."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["true", *names])
        writer.writerows([name, *row] for name, row in zip(names, confusion.tolist(), strict=True))


def draw_confusion(
    confusion: np.ndarray, names: Sequence[str], title: str, path: str | Path, sides: tuple[str, str] = ("true", "predicted")
) -> None:
    """Draws the counts to a PNG, shaded by the share of each true class; sides: what rows and columns are called."""
    # Imported here: it takes half a second of the three that an evaluation from cached logits takes, and most of those draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shares = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    figure = Figure(figsize=(7, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(names))
    axes.set(xticks=places, yticks=places, xlabel=sides[1], ylabel=sides[0])
    axes.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticklabels(names)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            axes.text(
                j, i, f"{count}\n{shares[i, j]:.0%}", ha="center", va="center", fontsize=8, color="white" if shares[i, j] > 0.5 else "black"
            )
    axes.set_title(title, fontsize=10)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
