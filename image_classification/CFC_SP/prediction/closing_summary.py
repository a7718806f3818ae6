# SPDX-License-Identifier: Apache-2.0
"""A run's closing summary, in words."""

import os
import shutil
import textwrap
from pathlib import Path

from ..core.records import Summary
from ..support.printable import counted

_WIDEST, _NARROWEST = 88, 20


def describe(summary: Summary, files: list[Path], details: bool = False) -> str:
    """A few lines, no wider than the terminal (of some width at least), on what was seen, how fast on what, and where it was written; with
    `details` on the clip, the seconds of each stage and the bundle's checksum too."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns - 1))
    seconds, source = summary.timings_s["total"], summary.source
    # Where no frame shows a face, that has been said.
    without = f"; {counted(summary.frames - summary.frames_with_faces, 'frame')} without a face" if summary.face_rows else ""
    lines = [f"{os.path.basename(os.path.abspath(source.path))!r}: {summary.seen()}{without}."]
    if summary.face_rows:
        shares = sorted(((count, label) for label, count in summary.label_counts.items() if count), reverse=True)
        lines.append(", ".join(f"{label} {count / summary.face_rows:.0%}" for count, label in shares) + ".")
    # Unrelated pictures follow each other at no rate.
    is_timed = not source.is_pictures or summary.options.get("fps") is not None
    rate = f", {summary.frames / seconds:.0f} frames/s" if is_timed else ""
    lines.append(
        f"{seconds:.1f} s{rate} on the {summary.device.upper()} ({summary.engine}), "
        f"bundle {summary.bundle['name']}, smoothing over {counted(summary.window_frames, 'frame')}."
    )
    if details:
        stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in summary.timings_s.items())
        lines += [
            f"Clip: {source.codec}, {source.width} x {source.height}, {f'{source.fps:.5g} frames/s, ' * is_timed}{source.path!r}.",
            f"Seconds: {stages}.",
            f"Bundle: sha256 {summary.bundle['sha256']}.",
        ]
    lines += [f"Warning: {warning}" for warning in summary.warnings]
    text = [textwrap.fill(line, width, subsequent_indent="  ") for line in lines]
    return "\n".join([*text, describe_files(files)])


def describe_files(files: list[Path]) -> str:
    """One line a file, from where the person is; odd letters of a name are escaped."""
    shown = [str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file) for file in files]
    return "\n".join(f"  {name if name.isprintable() else repr(name)}" for name in shown)
