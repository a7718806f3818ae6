"""The paper's tables as tools/reproduce_tables.py computed them on the stand-in for Aff-Wild2."""

from pathlib import Path

from tools.benchmarks.measuring import read_rows
from tools.tables.markdown import not_measured, table

_STAGES = ("coarse", "negative", "flat")


def stand_in(results: Path) -> str:
    """Every line of Tables 1 to 4: its networks and window, the paper's figure on Aff-Wild2, ours on the simulation."""
    rows = read_rows(results / "tables" / "tables.csv")
    if not rows:
        return not_measured("python tools/reproduce_tables.py -runs output -data standin -split test -out results/tables")
    lines = []
    for row in rows:
        networks = "; ".join(f"{stage}: {', '.join(row[stage].split())}" for stage in _STAGES if row[stage])
        ours = f"{float(row['f1']):.1f}" if row["f1"] else f"*{row['missing']}*" if row["missing"] else ""
        lines.append([row["table"], row["row"], networks, row["window"] if networks else "", row["paper_f1"], ours])
    frames = max(int(row["frames"] or 0) for row in rows)
    note = f"Macro-F1 in %. Ours: {rows[0]['data']}, {rows[0]['split']}, {frames:,} annotated frames, computed at {rows[0]['git_sha'][:7]}."
    return table(["table", "line", "networks", "window", "paper, Aff-Wild2", "ours, simulation"], lines, note)
