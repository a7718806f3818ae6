# SPDX-License-Identifier: Apache-2.0
"""predict.py's resident memory on a long clip, looked at from outside while it runs."""

import csv
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import atomic_path
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.rows_csv import read_rows
from tools.benchmarks.processes import resident_mb
from tools.benchmarks.startup import predict_command
from tools.benchmarks.stream_copy import repeat


@dataclass(frozen=True)
class Look:
    """Seconds since the start, resident memory in MB, bytes written so far."""

    second: float
    resident_mb: float
    written: int


def measure(arguments) -> Iterator[list[dict]]:
    """One row: frames, seconds, and what `flatness` says.

    The looks themselves go to benchmark-memory-curve.csv, in place of the last run's.
    """
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        clip = Path(folder, "long.mkv")
        repeat(arguments.video, clip, arguments.loop)
        looks = watch(predict_command(clip, arguments.bundle, folder), arguments.every, Path(folder, clip.stem))
        frames = sum(1 for _ in read_rows(Path(folder, clip.stem, FILES["csv"])))
    _write_curve(arguments.out / "benchmark-memory-curve.csv", looks)
    yield [
        {
            "clip": Path(arguments.video).name,
            "loops": arguments.loop,
            "bundle": arguments.bundle,
            "frames": frames,
            "seconds": round(looks[-1].second, 1),
            "settle_s": arguments.settle,
            **flatness(looks, arguments.settle),
        }
    ]


def watch(command: list[str], every: float, folder: Path) -> list[Look]:
    """Runs a command and looks at it every few seconds; raises UserError with its last words where it fails."""
    looks, begin = [], time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as words:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=words) as process:
            while process.poll() is None:
                looks.append(Look(time.perf_counter() - begin, resident_mb(process.pid), bytes_in(folder)))
                time.sleep(every)
        if process.returncode:
            words.seek(0)
            raise UserError(f"expected predict.py to read the clip, found: {words.read().strip().splitlines()[-1]}")
    return looks


def flatness(looks: list[Look], settle: float) -> dict[str, float]:
    """What the looks after `settle` seconds say, beside the peak of all: the peak, the slope of a straight line through the memory,
    and `late_speed`, bytes written a second in their last half over those in their first. 1 means a constant time a frame.

    Raises UserError for fewer than ten such looks, and where nothing was written in the first half.
    """
    second, resident, written = (np.array(values) for values in zip(*(astuple(look) for look in looks), strict=True))
    settled = np.flatnonzero(second > settle)
    if len(settled) < 10:
        raise UserError(f"expected ten looks after the first {settle:g} s, found {len(settled)}: raise -loop, or lower -settle or -every")
    middle = settled[len(settled) // 2]
    early, late = ((written[b] - written[a]) / (second[b] - second[a]) for a, b in ((settled[0], middle), (middle, settled[-1])))
    if not early:
        raise UserError(f"expected rows to be written in the first half after {settle:g} s, found none: raise -loop")
    return {
        "peak_mb": round(resident.max(), 1),
        "peak_settled_mb": round(resident[settled].max(), 1),
        "slope_mb_per_minute": round(np.polyfit(second[settled] / 60, resident[settled], 1)[0], 3),
        "late_speed": round(late / early, 3),
    }


def bytes_in(folder: Path) -> int:
    """The size of the files in a folder together; 0 before it is there."""
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            # The part of a file has just taken its final name.
            continue
    return total


def _write_curve(path: Path, looks: list[Look]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seconds", "resident_mb", "written_bytes"])
        rows.writerows([round(look.second, 1), round(look.resident_mb, 1), look.written] for look in looks)
