# SPDX-License-Identifier: Apache-2.0
"""The paper's tables as files: a CSV with all figures, a page of Markdown, two pictures."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..support.errors import UserError
from ..support.files import atomic_path, git_sha, make_folder, sha256_of
from ..weights.trained import trained_config
from .tables import Line

COLUMNS = (
    *("table", "row", "paper_f1", "f1", "accuracy", "frames", "coarse", "negative", "flat", "window", "prior_tau", "data", "split"),
    *("configs", "seeds", "weights_sha256", "trained_at", "missing", "git_sha"),
)
PAPER_COLOUR, OUR_COLOUR = "#999999", "#0072B2"
_TITLES = {
    1: "Ablation: coarse-to-fine (C-F) and smooth predicting (SP)",
    2: "Ensembles",
    3: "Each stage by itself, each frame by itself",
    4: "Windows of smooth predicting",
}


@dataclass(frozen=True)
class RunOrigin:
    """Where a network comes from: its config's name, seed, the sha256 of its weights, the commit it was trained at."""

    config: str
    seed: int
    weights_sha256: str
    trained_at: str


def origin_of(path: str | Path, stage: str) -> RunOrigin:
    """What the checkpoint at `path` says of itself; raises UserError for a file that is neither of `stage` nor flat."""
    config, note = trained_config(path, stage, "flat")
    return RunOrigin(config.NAME, config.SEED, sha256_of(path), note["git_sha"])


def write_tables(
    lines: Sequence[Line], runs: Mapping[str, RunOrigin], data: str, split: str, folder: str | Path, tau: float = 0.0
) -> list[Path]:
    """Writes tables.csv, tables.md, table1.png and table4.png to `folder`, each whole, and returns them.

    runs: of the networks that are there, by name; data: what the figures were measured on, in words; tau: as the scorer's. Raises
    UserError where the folder cannot be written.
    """
    folder, writers = (
        Path(folder),
        {"tables.csv": _write_csv, "tables.md": _write_markdown, "table1.png": _draw_bars, "table4.png": _draw_curve},
    )
    try:
        make_folder(folder)
        for name, write in writers.items():
            with atomic_path(folder / name) as path:
                write(path, lines, runs, data, split, tau)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another -out") from error
    return [folder / name for name in writers]


def _write_csv(path, lines, runs, data, split, tau) -> None:
    sha = git_sha()
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for line in lines:
            known = [runs[name] for names in line.runs.values() for name in names if name in runs]
            row = {"table": line.table, "row": line.name, "paper_f1": line.paper, "window": line.window, "data": data, "split": split}
            row["prior_tau"] = tau
            row |= {stage: " ".join(line.runs.get(stage, ())) for stage in ("coarse", "negative", "flat")}
            if line.scores:
                row |= {"f1": f"{line.f1:.4f}", "accuracy": f"{line.scores.accuracy:.6f}", "frames": line.scores.confusion.sum()}
            row |= {"configs": _words(run.config for run in known), "seeds": _words(run.seed for run in known)}
            row |= {"weights_sha256": _words(run.weights_sha256 for run in known), "trained_at": _words(run.trained_at for run in known)}
            writer.writerow(row | {"missing": "; ".join(line.missing), "git_sha": sha})


def _write_markdown(path, lines, runs, data, split, tau) -> None:
    frames = sorted({int(line.scores.confusion.sum()) for line in lines if line.scores and line.table != 3})
    on = f", {frames[-1]:,} annotated frames" if frames else ""
    text = [
        "# Tables of the paper",
        "",
        "Macro-F1 in %. Paper: Xue et al., CVPR Workshops 2022, on the validation set of Aff-Wild2. "
        f"Ours: on {data}, {split}{on}{_prior(tau)}.",
        "",
    ]
    for table, title in _TITLES.items():
        own = [line for line in lines if line.table == table]
        text += [f"## Table {table}. {title}", "", *_TABLES[table](own), ""]
    missing = sorted({name for line in lines for name in line.missing})
    text += [f"Not computed, for want of: {', '.join(missing)}.", ""] if missing else []
    text += ["## Runs", "", "| run | config | seed | weights | trained at |", "|---|---|---|---|---|"]
    text += [f"| {name} | {r.config} | {r.seed} | {r.weights_sha256[:12]} | {r.trained_at} |" for name, r in sorted(runs.items())]
    path.write_text("\n".join([*text, "", f"Computed at {git_sha()}.", ""]), encoding="utf-8")


def _ablation(lines) -> list[str]:
    head = ["| | networks | window | paper | ours |", "|---|---|---|---|---|"]
    return head + [f"| {x.name} | {_networks(x)} | {x.window if x.runs else ''} | {_cell(x.paper)} | {_cell(x.f1)} |" for x in lines]


def _ensembles(lines) -> list[str]:
    head = ["| | coarse | negative | paper | ours |", "|---|---|---|---|---|"]
    return head + [
        f"| {x.name} | {', '.join(x.runs['coarse'])} | {', '.join(x.runs['negative'])} | {_cell(x.paper)} | {_cell(x.f1)} |" for x in lines
    ]


def _stages(lines) -> list[str]:
    head = ["| coarse | paper | ours | negative | paper | ours |", "|---|---|---|---|---|---|"]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return head + ["| " + " | ".join(f"{_networks(x)} | {_cell(x.paper)} | {_cell(x.f1)}" for x in pair) + " |" for pair in pairs]


def _windows(lines) -> list[str]:
    head = ["| frames | networks | paper | ours |", "|---|---|---|---|"]
    return head + [f"| {x.name} | {_networks(x)} | {_cell(x.paper)} | {_cell(x.f1)} |" for x in lines]


_TABLES = {1: _ablation, 2: _ensembles, 3: _stages, 4: _windows}


def _draw_bars(path, lines, runs, data, split, tau) -> None:
    own = [line for line in lines if line.table == 1]
    figure, axes = _figure(9, 4.2)
    for shift, colour, label, values in _series(own, data, tau):
        heights = [value or 0 for value in values]
        bars = axes.barh([place + shift for place in range(len(own))], heights, 0.38, color=colour, label=label)
        axes.bar_label(bars, ["" if value is None else f"{value:.1f}" for value in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(own)), [line.name for line in own])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    _finish(figure, axes, "macro-F1, %", f"Table 1. {_TITLES[1]}", path)


def _draw_curve(path, lines, runs, data, split, tau) -> None:
    own = [line for line in lines if line.table == 4]
    figure, axes = _figure(7, 4)
    for _, colour, label, values in _series(own, data, tau):
        known = [(place, value) for place, value in enumerate(values) if value is not None]
        if known:
            axes.plot(*zip(*known, strict=True), color=colour, marker="o", label=label)
    axes.set_xticks(range(len(own)), [line.name for line in own])
    axes.set_ylabel("macro-F1, %")
    _finish(figure, axes, "window, frames", f"Table 4. {_TITLES[4]}", path)


def _series(lines, data, tau):
    yield -0.2, PAPER_COLOUR, "paper, Aff-Wild2", [line.paper for line in lines]
    yield 0.2, OUR_COLOUR, f"ours, {data}{_prior(tau)}", [line.f1 for line in lines]


def _prior(tau: float) -> str:
    return f", the training data's prior ^ {tau:g} taken out" if tau else ""


def _figure(width: float, height: float):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _finish(figure, axes, xlabel: str, title: str, path) -> None:
    axes.set_xlabel(xlabel)
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=120)


def _networks(line: Line) -> str:
    return " + ".join(", ".join(names) for names in line.runs.values())


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if value == int(value) else f"{value:.2f}"


def _words(values) -> str:
    return " ".join(map(str, values))
