# SPDX-License-Identifier: Apache-2.0
"""Tables 1 to 4 of the paper, computed from logits: what each line is made of, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import load_config
from ..core.metrics import Scores
from ..support.errors import UserError
from ..support.yaml_files import parse_yaml
from .scorer import Scorer

PAPER = Path(__file__).with_name("paper.yaml")
NEEDS_VIDEO = "smoothing needs the frames of a video"
NEEDS_LABELS = "no frame is annotated with one of the stage's classes"


@dataclass(frozen=True)
class Line:
    """One figure of a table: its place (table, name of the row), the paper's macro-F1 in % if it has one, the runs of the system by
    stage, the window in frames.

    scores: ours, None where they could not be computed; missing: why, the names of runs that are not there or another reason.
    """

    table: int
    name: str
    paper: float | None
    runs: Mapping[str, tuple[str, ...]]
    window: int
    scores: Scores | None = None
    missing: tuple[str, ...] = ()

    @property
    def f1(self) -> float | None:
        """Our macro-F1 in %, as the paper gives its own."""
        return None if self.scores is None else 100 * self.scores.macro_f1


def plan(members: Mapping[str, str]) -> list[Line]:
    """The lines of the four tables, without scores.

    members: other names for runs, or for what runs begin with: {"swin_s": "lite_swin"} takes lite_swin_coarse for swin_s_coarse.
    Raises UserError for a name that no run of the tables has.
    """
    paper = parse_yaml(PAPER.read_bytes())
    configs = [load_config("configs/table2.yaml", row=row) for row in range(1, len(paper["table2"]) + 1)]
    rows = [{"coarse": tuple(config.CASCADE.COARSE), "negative": tuple(config.CASCADE.NEGATIVE)} for config in configs]
    lines = []
    for entry in paper["table1"]:
        runs = rows[entry["row"] - 1] if "row" in entry else {"flat": tuple(entry["flat"])} if "flat" in entry else {}
        lines.append(Line(1, entry["method"], entry["f1"], runs, entry.get("window", 0)))
    for row, (figure, runs, config) in enumerate(zip(paper["table2"], rows, configs, strict=True), 1):
        lines.append(Line(2, str(row), figure, runs, config.SP.WINDOW))
    for entry in paper["table3"]:
        for stage in ("coarse", "negative"):
            name = entry["backbone"]
            lines.append(Line(3, f"{name} {stage}", entry[stage], {stage: (f"{name}_{stage}",)}, 0))
    for window, figure in paper["table4"]["windows"].items():
        lines.append(Line(4, str(window), figure, rows[paper["table4"]["row"] - 1], window))
    return _renamed(lines, members)


def _renamed(lines: list[Line], members: Mapping[str, str]) -> list[Line]:
    used = set()

    def rename(run: str) -> str:
        # A whole name before the beginning of one.
        for name in (run, run.rpartition("_")[0]):
            if name in members:
                used.add(name)
                return members[name] + run.removeprefix(name)
        return run

    renamed = [replace(line, runs={stage: tuple(map(rename, runs)) for stage, runs in line.runs.items()}) for line in lines]
    if unknown := sorted(members.keys() - used):
        known = ", ".join(sorted({run for line in lines for runs in line.runs.values() for run in runs}))
        raise UserError(f"-members: expected names of runs, or how they begin ({known}), found {unknown[0]!r}")
    return renamed


def runs_of(lines: Sequence[Line]) -> dict[str, str]:
    """The stage of every run that the lines need, by its name."""
    return {run: stage for line in lines for stage, runs in line.runs.items() for run in runs}


def compute(lines: Sequence[Line], scorer: Scorer, available: set[str], each: Callable[[Line], None] = lambda line: None) -> list[Line]:
    """The lines with our scores, where all their runs are among `available`, the names of the scorer's networks.

    Of still pictures Table 2 is computed without smoothing, and what Tables 1 and 4 say of smoothing is missing. each: called with every
    line that is done.
    """
    done = []
    for line in lines:
        if not scorer.frames.videos and line.window and line.table == 2:
            line = replace(line, window=0)
        lacking = tuple(run for runs in line.runs.values() for run in runs if run not in available)
        if line.window and not scorer.frames.videos:
            lacking += (NEEDS_VIDEO,)
        # Tables 1, 2 and 4 are over all eight classes.
        if line.runs and not scorer.knows(next(iter(line.runs)) if line.table == 3 else "flat"):
            lacking += (NEEDS_LABELS,)
        line = replace(line, missing=lacking)
        if line.runs and not lacking:
            line = replace(line, scores=scorer.score(_predict(line, scorer)))
        done.append(line)
        each(line)
    return done


def _predict(line: Line, scorer: Scorer):
    if len(line.runs) == 1:
        (stage, names), *_ = line.runs.items()
        return scorer.predict(stage, names, line.window)
    return scorer.predict_cascade(line.runs["coarse"], line.runs["negative"], line.window)
