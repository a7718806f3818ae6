"""A run's closing summary, in words."""

import os
import textwrap
from pathlib import Path

from .core.records import Summary


def describe(summary: Summary, files: list[Path], width: int = 88) -> str:
    """A few lines on what was seen, how fast on what, and where it was written."""
    seconds = summary.timings_s["total"]
    faces = f"{summary.face_rows} faces in {_count(summary.tracks, 'track')}" if summary.face_rows else "no face"
    lines = [
        f"{os.path.basename(summary.source.path)!r}: {_count(summary.frames, 'frame')}, {faces}; "
        f"{_count(summary.frames - summary.frames_with_faces, 'frame')} without a face."
    ]
    if summary.face_rows:
        shares = sorted(((count, label) for label, count in summary.label_counts.items() if count), reverse=True)
        lines.append(", ".join(f"{label} {count / summary.face_rows:.0%}" for count, label in shares) + ".")
    lines.append(
        f"{seconds:.1f} s, {summary.frames / seconds:.0f} frames/s on the {summary.device.upper()} ({summary.engine}), "
        f"bundle {summary.bundle['name']}, smoothing over {_count(summary.window_frames, 'frame')}."
    )
    lines += [f"Warning: {warning}" for warning in summary.warnings]
    text = [textwrap.fill(line, width, subsequent_indent="  ") for line in lines]
    return "\n".join([*text, *(f"  {_short(file)}" for file in files)])


def _short(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
