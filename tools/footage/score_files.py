# SPDX-License-Identifier: Apache-2.0
"""CSV files that hold the newest scores of every bundle in every mode."""

import csv
from collections.abc import Sequence
from pathlib import Path

from image_classification.CFC_SP.support.csv_files import read_records
from image_classification.CFC_SP.support.files import atomic_path

# Rows that agree in these are of one measurement.
_KEY = "bundle", "smoothing", "window", "prior"


def replace_rows(path: Path, columns: Sequence[str], rows: Sequence[dict]) -> None:
    """Writes rows to a CSV file in the place of those of the same bundle and mode; the others stay, but for a file of other columns."""
    kept = []
    if path.is_file():
        kept = [row for row in read_records(path) if list(row) == list(columns)]
    measured = {_key(row) for row in rows}
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*(row for row in kept if _key(row) not in measured), *rows])


def _key(row: dict) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _KEY)
