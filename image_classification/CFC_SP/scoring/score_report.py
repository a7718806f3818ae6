# SPDX-License-Identifier: Apache-2.0
"""What becomes of scores: lines to read, rows of a CSV that grows, and the confusion matrix beside it."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from ..core.labels import EXPR, STAGES
from ..core.metrics import Scores
from ..support.csv_files import plain_cells
from ..support.errors import UserError
from ..support.files import git_sha, make_folder
from .confusion import draw_confusion, write_confusion


def lines_of(scores: Mapping[str, Scores]) -> list[str]:
    """A line a stage, and the table of classes of the leading one; scores: by "cascade" or the name of a stage."""
    lines = []
    if not scores:
        return ["no frame of this split is annotated: predicted, not scored"]
    for stage, own in scores.items():
        on = " on those that are truly negative" if stage == "negative" else ""
        lines.append(
            f"{stage}: accuracy {own.accuracy:.2%}, macro-F1 {own.macro_f1:.4f} over {len(own.f1)} classes, "
            f"calibration error {own.ece:.4f}{on}"
        )
    stage = leading(scores)
    own = scores[stage]
    lines.append(f"  {stage:<10} {'prec.':>6} {'recall':>6} {'F1':>6} {'of':>8}  predicted as, in the same order")
    for i, (name, row) in enumerate(zip(classes_of(stage), own.confusion, strict=True)):
        shares = f"{own.precision[i]:>6.3f} {own.recall[i]:>6.3f} {own.f1[i]:>6.3f}"
        lines.append(f"  {name:<10} {shares} {row.sum():>8}  " + " ".join(f"{count:>4}" for count in row))
    return lines


def write_record(scores: Mapping[str, Scores], folder: str | Path, table: str, name: str, known: Mapping[str, object]) -> Path:
    """Appends the figures, one a row, to `table` in `folder`, draws the leading stage's confusion there as `name`, and returns the table.

    known: what every row says first, by column. The figures of the cascade have plain names, those of a stage carry its own:
    coarse_accuracy. Raises UserError where the folder cannot be written, or the table there has other columns.
    """
    path, sha = Path(folder) / table, git_sha()
    # The name may come from a checkpoint, and is to stay in the folder.
    stem = re.sub(r"[^\w.+-]", "_", f"confusion-{name}")
    lead = leading(scores)
    try:
        make_folder(path.parent)
        columns = [*known, "metric", "value", "git_sha"]
        with open(path, "a+", newline="", encoding="utf-8") as file:
            file.seek(0)
            found = _header(file, path)
            if found not in (None, columns):
                raise UserError(f"{path}: expected the columns {','.join(columns)}, found {','.join(found)}: choose another -out")
            writer = csv.writer(file, lineterminator="\n")
            if found is None:
                writer.writerow(columns)
            for metric, value in figures(scores).items():
                writer.writerow(plain_cells((*known.values(), metric, f"{value:.6f}", sha)))
        confusion = scores[lead].confusion
        write_confusion(confusion, classes_of(lead), path.with_name(f"{stem}.csv"))
        title = f"{name}: {scores[lead].accuracy:.1%} of {confusion.sum()} right"
        draw_confusion(confusion, classes_of(lead), title, path.with_name(f"{stem}.png"))
    except OSError as error:
        raise UserError(f"cannot write to {path} ({error.strerror}): choose another -out") from error
    return path


def _header(file, path: Path) -> list[str] | None:
    try:
        return next(csv.reader(file), None)
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected a table of an earlier call, found no CSV ({error}): choose another -out") from error


def figures(scores: Mapping[str, Scores]) -> dict[str, float]:
    """Every figure by its metric's name."""
    found = {}
    for stage, own in scores.items():
        prefix = "" if stage == "cascade" else f"{stage}_"
        found |= {f"{prefix}{name}": getattr(own, name) for name in ("accuracy", "macro_f1", "ece")}
        for kind in ("f1", "precision", "recall"):
            names = classes_of(stage)
            found |= {f"{prefix}{kind}_{name.lower()}": value for name, value in zip(names, getattr(own, kind), strict=True)}
    return found


def leading(scores: Mapping[str, Scores]) -> str:
    """The stage that says most: the cascade where it was scored."""
    return next(stage for stage in ("cascade", *STAGES) if stage in scores)


def classes_of(stage: str) -> tuple[str, ...]:
    """The class names of a stage; the cascade's are all eight."""
    return STAGES.get(stage, EXPR)
