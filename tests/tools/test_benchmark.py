# SPDX-License-Identifier: Apache-2.0
"""tools/benchmark.py: what is counted and timed is what it says, and its files keep what they held."""

from image_classification.CFC_SP.support.command_line import run_script
from tools import benchmark
from tools.benchmarks.measuring import read_rows


def test_the_papers_tables_are_timed(tmp_path):
    assert run_script(benchmark, ["tables", "-frames", "3000", "-out", str(tmp_path)]) == 0
    (row,) = read_rows(tmp_path / "benchmark-tables.csv")
    assert row["frames"] == "3000" and 0 < float(row["table2_s"]) < float(row["total_s"]) and float(row["peak_mb"]) > 50


def test_a_run_of_the_command(tmp_path):
    assert run_script(benchmark, ["smoothing", "-frames", "500", "-runs", "2", "-out", str(tmp_path)]) == 0
    rows = read_rows(tmp_path / "benchmark-smoothing.csv")
    assert [row["window"] for row in rows] == ["0", "32", "64", "128", "256", "512"]
    for row in rows:
        assert 0 < float(row["low"]) <= float(row["median"]) <= float(row["high"]) and row["runs"] == "2"
        assert row["machine"] and int(row["cores"]) > 0 and float(row["peak_mb"]) > 50
