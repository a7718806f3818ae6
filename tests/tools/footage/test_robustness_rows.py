# SPDX-License-Identifier: Apache-2.0
import numpy as np

from image_classification.CFC_SP.scoring.bundle_scores import evaluate_bundle
from image_classification.CFC_SP.support.command_line import run_script
from tools import robustness
from tools.benchmarks.measuring import read_rows


def test_what_is_scored_is_what_the_change_gives(ferplus):
    """Black crops all look alike; drawn ones do to `lite`."""
    counts = evaluate_bundle("lite-fast", ferplus, device="cpu", change=np.zeros_like).scores["cascade"].confusion
    assert counts.sum() == 24 and np.count_nonzero(counts.sum(axis=0)) == 1
    untouched, same = (evaluate_bundle("lite-fast", ferplus, device="cpu", change=change).scores["cascade"] for change in (None, np.copy))
    assert np.array_equal(untouched.confusion, same.confusion) and np.count_nonzero(same.confusion.sum(axis=0)) > 1


def test_accuracy_under_each_strength(ferplus, tmp_path):
    assert run_script(robustness, ["-bundle", "lite-fast", "-data", str(ferplus), "-only", "blur", "-out", str(tmp_path)]) == 0
    rows = [row for row in read_rows(tmp_path / "robustness.csv") if row["metric"] == "accuracy"]
    assert [(row["disturbance"], row["strength"]) for row in rows] == [("none", "0"), ("blur", "0.01"), ("blur", "0.02"), ("blur", "0.04")]
    assert all(row["count"] == "24" and 0 <= float(row["value"]) <= 1 for row in rows)
