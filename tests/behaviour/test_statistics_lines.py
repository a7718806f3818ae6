# SPDX-License-Identifier: Apache-2.0
"""The statistics that a terminal shows."""

import pytest

from image_classification.CFC_SP.behaviour.statistics_lines import MOST_CLIPS, lines_of_statistics
from image_classification.CFC_SP.behaviour.statistics_tables import summarize
from tests.faces import labelled
from tests.result_folders import write_ten_clips


@pytest.mark.parametrize("columns", [20, 41, 60, 200])
def test_clips_and_groups_fit_the_terminal(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    statistics = summarize(write_ten_clips(tmp_path), tmp_path / "groups.csv", tmp_path / "out")
    lines = lines_of_statistics(statistics)
    assert max(map(len, lines)) <= max(40, columns - 1)
    assert len(lines) == 1 + 10 + 1 + 1 + 2
    means = {row["group"]: row["mean"] for row in statistics.tables["groups"] if row["measure"] == "share_happiness"}
    assert lines[-2].split()[:3] == ["=many", "5", "Happiness"] and f"Happiness {means['=many']:.0%}" in lines[-2]


def test_labels_come_by_their_share_and_long_names_are_cut(write_results, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    write_results("a", labelled([None] * 3))
    write_results("b" * 90, labelled(["Anger"] * 3 + ["Fear"] * 6 + ["Neutral"]))
    lines = lines_of_statistics(summarize(tmp_path / "results", out=tmp_path / "out"))
    assert lines[0].split() == ["clip", "faces", "seconds", "shows", "most"]
    assert lines[1].split() == ["a", "0", "0.0", "no", "face"]
    assert lines[2] == f"{'b' * 18}…      1      1.0  Fear 60%, Anger 30%"


def test_of_many_clips_the_first_are_shown(write_results, tmp_path):
    for number in range(MOST_CLIPS + 2):
        write_results(f"clip{number:02}", labelled(["Anger"]))
    lines = lines_of_statistics(summarize(tmp_path / "results", out=tmp_path / "out"))
    assert lines[-2].startswith("clip19 ") and lines[-1] == "and 2 more in clip_measures.csv"
