# SPDX-License-Identifier: Apache-2.0
"""tools/robustness.py: what each disturbance does to a picture, and which faces and labels count as kept."""

import pytest

from image_classification.CFC_SP.support.command_line import run_script
from tests.clips import real_clip
from tools import robustness
from tools.benchmarks.measuring import read_rows
from tools.collect_results import tables

MAN = real_clip("carphone_pristine.mp4")


def test_rows_and_table(tmp_path):
    assert run_script(robustness, ["-clips", str(MAN), "-frames", "2", "-only", "JPEG", "-out", str(tmp_path / "scores")]) == 0
    rows = read_rows(tmp_path / "scores" / "robustness.csv")
    assert [(row["strength"], row["metric"]) for row in rows] == [(s, m) for s in ("50", "20", "10") for m in ("found", "agreement")]
    shown = tables(tmp_path)["robustness"]()
    assert f"| JPEG, quality 50 |  | {float(rows[0]['value']):.1%} | {float(rows[1]['value']):.1%} |" in shown


@pytest.mark.parametrize(
    ("words", "said"), [([], "expected -data, -clips or both"), (["-data", "x", "-only", "rain"], "-only: expected some of colour cast")]
)
def test_mistakes_are_named(words, said, capsys):
    assert run_script(robustness, words) == 2
    assert said in capsys.readouterr().err
