# SPDX-License-Identifier: Apache-2.0
"""What an installation takes."""

from pathlib import Path

from tools.benchmarks.measuring import read_rows
from tools.tables.markdown import newest, not_measured, table
from tools.tables.rooms import SPEED


def install(results: Path) -> str:
    """Each set of extras with its megabytes and seconds, as last measured."""
    rows = read_rows(results / SPEED / "install.csv")
    if not rows:
        return not_measured("python tools/measure_install.py")
    last = newest(rows, "extras").items()
    lines = [[f"`'.[{extras}]'`", row["packages"], row["mb"], row["seconds"] or "-"] for (extras,), row in last]
    row = rows[-1]
    note = (
        f"In a bare environment of Python {row['python']} on {row['platform']}, commit {row['git_sha'][:7]}, with `constraints.txt`; "
        "the seconds are mostly the network's."
    )
    return table(["installed", "packages", "MB", "seconds"], lines, note)
