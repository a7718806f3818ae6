# SPDX-License-Identifier: Apache-2.0
"""The paper's tables as `cfc-sp tables` computed them on public data."""

from pathlib import Path

from tools.benchmarks.measuring import read_rows
from tools.tables.markdown import not_measured, table
from tools.tables.rooms import TABLES

_STAGES = ("coarse", "negative", "flat")


def stand_in(results: Path) -> str:
    """Tables 1 to 4 on the simulation that stands in for Aff-Wild2."""
    rows = read_rows(results / TABLES / "stand-in" / "tables.csv")
    if not rows:
        return not_measured("cfc-sp tables -runs output -data standin -split test -out results/tables/stand-in")
    return _lines(rows, read_rows(results / TABLES / "stand-in-prior" / "tables.csv"), "simulation", "annotated frames")


def ferplus(results: Path) -> str:
    """Tables 1 to 3 on FER+: what can be computed of still pictures."""
    rows = read_rows(results / TABLES / "ferplus" / "tables.csv")
    if not rows:
        return not_measured("recipes/tables.sh ferplus.zip")
    others = read_rows(results / TABLES / "ferplus-prior" / "tables.csv")
    return _lines([row for row in rows if row["f1"]], others, "FER+", "pictures")


def _lines(rows: list[dict[str, str]], others: list[dict[str, str]], where: str, unit: str) -> str:
    """Every line: its networks and window, the paper's figure on Aff-Wild2, ours, and our accuracy.

    others: the same lines with the training data's prior taken out, whose macro-F1 stands beside ours; none where that was not computed.
    """
    known = {(row["table"], row["row"]): row["f1"] for row in others}
    lines = []
    for row in rows:
        networks = "; ".join(f"{stage}: {', '.join(row[stage].split())}" for stage in _STAGES if row[stage])
        ours = f"{float(row['f1']):.1f}" if row["f1"] else f"*{row['missing']}*" if row["missing"] else ""
        accuracy = f"{float(row['accuracy']):.1%}" if row["accuracy"] else ""
        other = known.get((row["table"], row["row"]))
        cells = [row["table"], row["row"], networks, row["window"] if networks else "", row["paper_f1"], ours, accuracy]
        lines.append(cells + [f"{float(other):.1f}" if other else ""] * bool(known))
    frames = max(int(row["frames"] or 0) for row in rows)
    note = f"Macro-F1 in %. Ours: {rows[0]['data']}, {rows[0]['split']}, {frames:,} {unit}, computed at {rows[0]['git_sha'][:7]}."
    head = ["table", "line", "networks", "window", "paper, Aff-Wild2", f"ours, {where}", "accuracy of ours"]
    return table(head + [f"ours, prior ^ {float(others[0]['prior_tau']):g} taken out" for _ in others[:1]], lines, note)
