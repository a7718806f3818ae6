# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

from tools.benchmarks.processes import resident_mb


def test_the_peak_is_that_since_it_was_forgotten():
    """In a process of its own, which gives back what it frees."""
    script = """
import numpy as np
from tools.benchmarks.processes import forget_peak, peak_mb
forget_peak()
before = peak_mb()
held = np.ones(100 << 20, np.uint8)
del held
after = peak_mb()
forget_peak()
print(after - before, peak_mb() - before)
"""
    risen, left = map(float, subprocess.check_output([sys.executable, "-c", script], text=True).split())
    assert 90 < risen < 130 and left < 20


def test_a_process_counts_with_those_below_it_and_an_ended_one_counts_nothing():
    inner = "held = b'x' * 80_000_000; print('ready', flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        assert 80 < resident_mb(process.pid) < 130
        process.communicate("\n")
    assert resident_mb(process.pid) == 0
