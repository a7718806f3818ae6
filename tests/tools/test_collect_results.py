# SPDX-License-Identifier: Apache-2.0
"""The tables of the documents: their places, and the figures that go into them."""

from image_classification.CFC_SP.support.command_line import run_script
from tools import collect_results
from tools.collect_results import tables


def test_nothing_is_shown_that_was_not_measured(tmp_path):
    makers = tables(tmp_path)
    for name in ("speed", "networks", "memory", "robustness", "stand-in", "clips", "clip-modes", "clip-failures"):
        assert makers[name]().startswith(("*Not measured yet: `python tools/", "*Not measured yet: `cfc-sp "))
    assert makers["budgets"]().count("not measured") == 8


def test_the_readme_holds_the_figures_of_results():
    assert run_script(collect_results, ["-check"]) == 0
