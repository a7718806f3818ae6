# SPDX-License-Identifier: Apache-2.0
"""Randomly damaged files through the reader and the CSV path: `make fuzz`, with N and SEED to choose."""

import os
import shutil
from collections import Counter

import av
import numpy as np
import pytest

from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.rows_csv import read_rows
from tests.fuzz.damaged import SOUNDING, damaged, write_originals
from tests.fuzz.worker import analyse_all


def check(task, outcome):
    """What is wrong with an outcome and with what it left behind; None for nothing."""
    path, out, _, formats = task
    kind, said = outcome
    left = sorted(file.name for file in (out / path.stem).iterdir()) if (out / path.stem).is_dir() else []
    if kind == "done":
        if left != sorted(FILES[name] for name in formats):
            return f"{said} frames, and {left}"
        rows = sum(1 for _ in read_rows(out / path.stem / FILES["csv"]))
        shown = frames_of(out / path.stem / FILES["mp4"]) if "mp4" in formats else said
        return None if rows == shown == said else f"{said} frames, {rows} rows, {shown} frames of the movie"
    if kind == "refused":
        # What the rows say stays where the movie fails.
        left = [] if left == [FILES["csv"]] and "annotated video" in said else left
        return None if not left and "\n" not in said else f"refused with {said!r}, leaving {left}"
    return f"{kind}: {said}"


def frames_of(movie):
    with av.open(str(movie)) as container:
        return container.streams.video[0].frames


def run(tmp_path, count, seed, workers):
    originals = write_originals(tmp_path)
    out = tmp_path / "out"

    def tasks():
        for number in range(count):
            random = np.random.default_rng([seed, number])
            original = originals[number % len(originals)]
            path = tmp_path / f"{number}-{original.name}"
            path.write_bytes(damaged(original.read_bytes(), random))
            start_s = float(random.uniform(0, 0.6)) if random.random() < 0.3 else None
            yield path, out, start_s, ("csv", "mp4") if original.name in SOUNDING else ("csv",)

    kinds, wrong = Counter(), {}
    for task, outcome in analyse_all(tasks(), workers):
        kinds[outcome[0]] += 1
        problem = check(task, outcome)
        if problem:
            wrong[task[0].name] = f"start {task[2]}: {problem}"
        else:
            task[0].unlink()
            shutil.rmtree(out / task[0].stem, ignore_errors=True)
    return kinds, wrong


@pytest.mark.fuzz
def test_damaged_files_neither_crash_nor_hang_nor_leave_halves(tmp_path):
    count, seed = (int(os.environ.get(name, default)) for name, default in (("N", 2000), ("SEED", 0)))
    kinds, wrong = run(tmp_path, count, seed, max(1, (os.cpu_count() or 1)))
    print(f"\nN={count} SEED={seed}: {dict(kinds)}")
    assert not wrong, "\n".join([f"{len(wrong)} of {count} in {tmp_path}:", *(f"{name}: {why}" for name, why in wrong.items())])
    assert sum(kinds.values()) == count and kinds["done"] > count / 4 and kinds["refused"]


def test_a_few_damaged_files(tmp_path):
    """The same machinery on a few files, in every run of the suite."""
    kinds, wrong = run(tmp_path, 20, 1, 1)
    assert not wrong and sum(kinds.values()) == 20
