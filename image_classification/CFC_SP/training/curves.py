# SPDX-License-Identifier: Apache-2.0
"""The picture of a run: loss and validation scores over epochs."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_curves(rows: list[dict], title: str, path: str | Path) -> None:
    """Draws the rows of metrics.csv to a PNG at `path`."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["loss"] for row in rows], color="#0072B2", marker=".")
    left.set(xlabel="epoch", ylabel="training loss")
    right.plot(epochs, [100 * row["val_accuracy"] for row in rows], color="#009E73", marker=".", label="accuracy")
    right.plot(epochs, [100 * row["val_macro_f1"] for row in rows], color="#D55E00", marker=".", label="macro-F1")
    right.set(xlabel="epoch", ylabel="validation, %")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
