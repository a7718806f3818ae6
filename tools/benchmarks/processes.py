# SPDX-License-Identifier: Apache-2.0
"""The memory of processes, as Linux counts it under /proc."""

import os
from pathlib import Path


def forget_peak() -> None:
    """Begins the count of the largest memory of this process and all below it again."""
    for pid in _tree(os.getpid()):
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """The most resident memory, in MB, that this process has held since `forget_peak`, and each below it, added up."""
    return sum(_field(pid, "VmHWM") for pid in _tree(os.getpid()))


def resident_mb(pid: int) -> float:
    """The resident memory, in MB, of a process and all below it; 0 when it has ended. A shared page counts for each that holds it."""
    return sum(_field(member, "VmRSS") for member in _tree(pid))


def own_mb(pid: int) -> float:
    """The resident memory, in MB, of a process alone; 0 when it has ended."""
    return _field(pid, "VmRSS")


def _tree(pid: int) -> list[int]:
    return [pid, *(member for child in _children(pid) for member in _tree(child))]


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
        except OSError:
            # A thread or a process may end between the listing and the reading.
            continue
    return found


def _field(pid: int, name: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    lines = [line.split() for line in text.splitlines() if line.startswith(f"{name}:")]
    return int(lines[0][1]) * 1024 / 1e6 if lines else 0.0
