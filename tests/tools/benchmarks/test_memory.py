# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.benchmarks import memory
from tools.benchmarks.memory import Look, bytes_in, flatness, watch

ROOT = str(Path(memory.__file__).parents[2])


def looks(resident, written):
    seconds = np.arange(0, 300, 5.0)
    return [Look(*values) for values in zip(seconds, resident(seconds), written(seconds), strict=True)]


def test_flat_memory_and_growing_memory():
    steady = flatness(looks(lambda s: np.where(s < 60, 1000.0, 400.0), lambda s: 50 * s), 60)
    assert steady == {"peak_mb": 1000, "peak_settled_mb": 400, "slope_mb_per_minute": 0, "late_speed": 1}
    growing = looks(lambda s: 400 + s / 60 * 7, lambda s: 50 * np.minimum(s, 180) + 25 * np.maximum(s - 180, 0))
    found = flatness(growing, 60)
    assert found["slope_mb_per_minute"] == pytest.approx(7) and found["late_speed"] == pytest.approx(0.5, abs=0.02)
    with pytest.raises(UserError, match="expected ten looks after the first 280 s, found 3"):
        flatness(growing, 280)
    with pytest.raises(UserError, match="expected rows to be written"):
        flatness(looks(lambda s: s, lambda s: 0 * s), 60)


def test_memory_is_that_of_a_process_and_of_those_below_it(tmp_path, monkeypatch):
    """The command goes on once it has been looked at: empty-handed, and with 80 MB and a file."""
    looks, folder = tmp_path / "looks", tmp_path / "folder"
    folder.mkdir()

    def counted(place):
        with open(looks, "a") as file:
            file.write("x")
        return bytes_in(place)

    monkeypatch.setattr(memory, "bytes_in", counted)
    inner = f"""
from pathlib import Path
from tests.events import wait_until
looks = Path({str(looks)!r})
wait_until(looks.exists)
held = b"x" * 80_000_000
Path({str(folder)!r}, "rows").write_text("seven b")
before = looks.stat().st_size
wait_until(lambda: looks.stat().st_size > before + 1)
"""
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], cwd={ROOT!r}, check=True)"
    seen = watch([sys.executable, "-c", outer], 0.05, folder)
    assert 80 < max(look.resident_mb for look in seen) < 130
    assert (seen[0].written, seen[-1].written) == (0, 7)


def test_a_watched_command_that_fails_is_named(tmp_path):
    with pytest.raises(UserError, match="no such clip"):
        watch([sys.executable, "-c", "raise SystemExit('error: no such clip')"], 0.05, tmp_path / "none")
