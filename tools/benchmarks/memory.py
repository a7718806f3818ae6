"""predict.py's resident memory on a long clip, looked at from outside while it runs."""

import csv
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.errors import UserError
from image_classification.CFC_SP.files import atomic_path
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.rows_csv import read_rows
from tools.benchmarks.processes import resident_mb
from tools.benchmarks.startup import predict_command
from tools.benchmarks.stream_copy import repeat


def measure(arguments) -> Iterator[list[dict]]:
    """One row: the most memory, the most after `settle` seconds, and the straight line through what was seen after them.

    The looks themselves go to benchmark-memory-curve.csv, in place of the last run's.
    """
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        clip = Path(folder, "long.mkv")
        repeat(arguments.video, clip, arguments.loop)
        seconds, resident = watch(predict_command(clip, arguments.bundle, folder), arguments.every)
        frames = sum(1 for _ in read_rows(Path(folder, clip.stem, FILES["csv"])))
    _write_curve(arguments.out / "benchmark-memory-curve.csv", seconds, resident)
    yield [
        {
            "clip": Path(arguments.video).name,
            "loops": arguments.loop,
            "bundle": arguments.bundle,
            "frames": frames,
            "seconds": round(seconds[-1], 1),
            "settle_s": arguments.settle,
            **flatness(seconds, resident, arguments.settle),
        }
    ]


def watch(command: list[str], every: float) -> tuple[list[float], list[float]]:
    """Runs a command and looks at its memory every few seconds: (seconds since its start, MB). Raises UserError where it fails."""
    seconds, resident, begin = [], [], time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as words:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=words) as process:
            while process.poll() is None:
                seconds.append(time.perf_counter() - begin)
                resident.append(resident_mb(process.pid))
                time.sleep(every)
        if process.returncode:
            words.seek(0)
            raise UserError(f"expected predict.py to read the clip, found: {words.read().strip().splitlines()[-1]}")
    return seconds, resident


def flatness(seconds: list[float], resident: list[float], settle: float) -> dict[str, float]:
    """peak_mb, peak_settled_mb and slope_mb_per_minute of memory over time, the last two of what was seen after `settle` seconds.

    Raises UserError for fewer than ten looks after them.
    """
    at, held = np.array(seconds), np.array(resident)
    settled = at > settle
    if settled.sum() < 10:
        raise UserError(f"expected ten looks after the first {settle:g} s, found {settled.sum()}: raise -loop, or lower -settle or -every")
    slope = np.polyfit(at[settled] / 60, held[settled], 1)[0]
    return {
        "peak_mb": round(held.max(), 1),
        "peak_settled_mb": round(held[settled].max(), 1),
        "slope_mb_per_minute": round(slope, 3),
    }


def _write_curve(path: Path, seconds: list[float], resident: list[float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seconds", "resident_mb"])
        rows.writerows(([round(at, 1), round(mb, 1)] for at, mb in zip(seconds, resident, strict=True)))
