# SPDX-License-Identifier: Apache-2.0
"""Repeated timings, what they were taken on, and the files that keep them."""

import csv
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from image_classification.CFC_SP.support.csv_files import read_records
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import atomic_path, git_sha


@dataclass(frozen=True)
class Median:
    """The middle of several measurements, with the least and the largest."""

    median: float
    low: float
    high: float
    runs: int

    def row(self, digits: int = 3) -> dict:
        """As columns of a row, rounded to `digits` places."""
        return {name: round(value, digits) for name, value in asdict(self).items()}


def median_of(values: list[float], scale: float = 1.0) -> Median:
    """The median, least and largest of `values`, each times `scale`."""
    return Median(statistics.median(values) * scale, min(values) * scale, max(values) * scale, len(values))


def seconds_of(call: Callable[[], object], runs: int) -> list[float]:
    """The seconds of each of `runs` calls."""
    spent = []
    for _ in range(runs):
        begin = time.perf_counter()
        call()
        spent.append(time.perf_counter() - begin)
    return spent


def surroundings() -> dict:
    """What a measurement was taken on: CPU model, usable cores, memory in GB, threads of the networks, Paddle's version, git sha."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {
        "machine": models[0] if models else os.uname().machine,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        # Not by importing it: a clip's memory is measured here, and decoding and detection do without.
        "paddle": metadata.version(metadata.packages_distributions()["paddle"][0]),
        "git_sha": git_sha(),
    }


def append_rows(path: Path, rows: list[dict]) -> None:
    """Adds rows of one kind to a CSV, which is made where there is none.

    Raises UserError where the file has other columns, or cannot be written.
    """
    columns = list(rows[0])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = read_rows(path)
        if before and list(before[0]) != columns:
            raise UserError(f"{path}: expected the columns {', '.join(columns)}, found {', '.join(before[0])}: move the file away")
        with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows([*before, *rows])
    except OSError as error:
        raise UserError(f"cannot write to {path} ({error.strerror}): choose another -out") from error


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV; none where the file is not there."""
    return read_records(path) if path.exists() else []
