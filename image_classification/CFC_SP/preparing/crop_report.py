# SPDX-License-Identifier: Apache-2.0
"""The report of a data set's face crops: one row a video, kept from call to call."""

import csv
from pathlib import Path

from ..core.aligner import CropGeometry
from ..support.csv_files import read_columns, read_table
from ..support.errors import UserError
from ..support.files import atomic_path

NUMBERS = ("frames", "labels", "faces", "without_face", "damaged_frames", "size")
COLUMNS = ("video", *NUMBERS, "align")
# Reports without the last column are of upright boxes.
FORMER_COLUMNS = COLUMNS[:-1]


class CropReport:
    """The CSV with one row a video, kept from call to call."""

    def __init__(self, path: Path):
        self.path, self.rows = path, {}
        if path.is_file():
            columns = FORMER_COLUMNS if next(read_table(path), []) == list(FORMER_COLUMNS) else COLUMNS
            self.rows = {row["video"]: {"align": "none"} | row for row in read_columns(path, columns)}
            for row in self.rows.values():
                if not all(row[name].isdecimal() and len(row[name]) <= 9 for name in NUMBERS):
                    raise UserError(f"{path}: expected numbers for {row['video']!r}, found others: move the file away")

    def add(self, row: dict) -> None:
        self.rows[row["video"]] = row
        with atomic_path(self.path) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows[name] for name in sorted(self.rows))

    def knows(self, name: str, labels: int) -> bool:
        """Whether a video is done, with as many labels as it has now."""
        return name in self.rows and int(self.rows[name]["labels"]) == labels

    def check(self, geometry: CropGeometry) -> None:
        """Raises UserError where crops of another size or alignment are there."""
        other = {row["size"] for row in self.rows.values()} - {str(geometry.size)}
        if other:
            sizes = ", ".join(sorted(other))
            raise UserError(f"-size {geometry.size}: found crops of {sizes} px in {self.path}: choose that size, or remove them")
        other = {row["align"] for row in self.rows.values()} - {geometry.align}
        if other:
            kinds = ", ".join(sorted(other))
            raise UserError(f"-align {geometry.align}: found crops of -align {kinds} in {self.path}: choose that one, or remove them")

    def mismatches(self, annotations: dict[str, Path]) -> list[str]:
        """A sentence for every annotation that has more or fewer lines than its video has frames."""
        sentences = []
        for name, path in annotations.items():
            frames, labels = (int(self.rows[name][column]) if name in self.rows else 0 for column in ("frames", "labels"))
            if labels > frames:
                sentences.append(f"{path} line {frames + 2}: {labels} labels for {frames} frames; from this line on they were left out")
            if labels < frames:
                sentences.append(f"{path}: {labels} labels for {frames} frames; frames from {labels + 1} on were left out")
        return sentences

    def total(self, column: str) -> int:
        return sum(int(row[column]) for row in self.rows.values())
