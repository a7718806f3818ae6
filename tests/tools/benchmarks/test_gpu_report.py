# SPDX-License-Identifier: Apache-2.0
import sys

from tools.benchmarks.card_checks import CHECKS
from tools.benchmarks.gpu_report import collected, default_clips, report, speed_rows


def test_a_check_that_ends_badly_keeps_the_rows_before_and_says_how(tmp_path):
    code = 'print("noise\\n[\\"swin_s\\", true, \\"1e-6\\"]", flush=True); raise SystemExit("out of memory")'
    assert collected([sys.executable, "-c", code], tmp_path, 60) == [
        ("swin_s", True, "1e-6"),
        ("this check", False, "ended with code 1: out of memory"),
    ]
    rows = collected([sys.executable, "-c", "while True: pass"], tmp_path, 0.01)
    assert rows == [("this check", False, "ended with code 1: not done after 0.01 s")]


def test_the_report_has_every_row_under_a_verdict():
    results = {"eager": [("swin_s", True, "1e-6"), ("hrnet", False, "2|3")], "speed": [("batch 8", True, "90.0 faces/s")]}
    text = report(["Paddle 3", "A card"], results, CHECKS)
    assert "**1 did not hold:** eager, hrnet" in text and "| hrnet | **no** | 2/3 |" in text and CHECKS["speed"].__doc__ in text
    assert "**All of it holds.**" in report([], {"eager": results["eager"][:1]}, CHECKS)
    (row,) = speed_rows(["Paddle 3", "A card"], results["speed"])
    assert (row["card"], row["what"], row["figure"]) == ("A card", "batch 8", "90.0 faces/s")
    assert all(clip.is_file() for clip in default_clips())
