# SPDX-License-Identifier: Apache-2.0
"""Measurements as the tools write them, and the tables made of them."""

import csv

AROUND = {"machine": "A CPU", "cores": 2, "memory_gb": 25.0, "threads": 1, "paddle": "3.3.1", "git_sha": "abcdef0123"}


def write(folder, name, rows):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def cells(text, first):
    return next([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith(f"| {first}"))
