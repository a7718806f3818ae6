# SPDX-License-Identifier: Apache-2.0
"""Ten clips and two groups from results to tables and a page, as `cfc-sp summarize` makes them."""

import csv

import numpy as np
import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.behaviour.statistics_tables import PAGE, summarize
from tests.faces import labelled
from tests.result_folders import write_ten_clips

TABLES = {"clip_measures.csv", "track_measures.csv", "transitions.csv", "pairs.csv", "lags.csv", "groups.csv", "differences.csv"}


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_and_page_of_two_groups(tmp_path, capsys):
    ten_clips = write_ten_clips(tmp_path)
    words = ["summarize", str(ten_clips), "-groups", str(tmp_path / "groups.csv"), "-out", str(tmp_path / "out")]
    assert cli.main(words) == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*TABLES, PAGE}
    said = capsys.readouterr().out
    assert str(out / "groups.csv") in said and "few        5  " in said
    clips, tracks = rows_of(out / "clip_measures.csv"), rows_of(out / "track_measures.csv")
    assert len(clips) == 10 and [(row["clip"], row["track"]) for row in tracks[:3]] == [("clip0", "1"), ("clip0", "2"), ("clip1", "1")]
    # No spreadsheet takes a group's name for a formula.
    means = {row["group"]: row for row in rows_of(out / "groups.csv") if row["measure"] == "share_happiness"}
    assert set(means) == {"'=many", "few"} and means["few"]["clips"] == "5"
    shares = [float(row["share_happiness"]) for row in clips]
    assert float(means["few"]["mean"]) == pytest.approx(np.mean(shares[5:]), abs=1e-6)
    assert float(means["few"]["low"]) < np.mean(shares[5:]) < float(means["few"]["high"]) < float(means["'=many"]["low"])
    (difference,) = [row for row in rows_of(out / "differences.csv") if row["measure"] == "share_happiness"]
    assert (
        float(difference["difference"]) == pytest.approx(np.mean(shares[:5]) - np.mean(shares[5:]), abs=2e-6)
        and float(difference["low"]) > 0
    )
    assert {row["lag_s"] for row in rows_of(out / "lags.csv")} >= {"-2.0", "0.0", "0.5"}
    page = (out / PAGE).read_text()
    assert "<script" not in page and "Share of Happiness" in page and "Two faces together" in page and "=many" in page
    again = tmp_path / "again"
    summarize(ten_clips, tmp_path / "groups.csv", again)
    assert all((again / name).read_bytes() == (out / name).read_bytes() for name in TABLES)


def test_one_clip_s_folder_is_enough_and_shares_of_transitions_sum_to_1(write_results, tmp_path):
    folder = write_results("a", labelled(["Neutral", "Anger", "Neutral", "Fear", "Neutral", "Anger"]))
    tables = summarize(folder, out=tmp_path / "out").tables
    found = {(row["from"], row["to"]): (row["count"], row["probability"]) for row in tables["transitions"]}
    assert found[("Neutral", "Anger")] == (2, pytest.approx(2 / 3)) and found[("Fear", "Neutral")] == (1, 1)
    assert rows_of(tmp_path / "out" / "pairs.csv") == [] and (tmp_path / "out" / "pairs.csv").read_text().startswith("clip,track_a,")


def test_pictures_and_clips_without_a_group_are_told(write_results, tmp_path, capsys):
    write_results("a", labelled(["Anger"] * 3))
    write_results("b", labelled([None] * 3))
    write_results("faces", [], codec="pictures")
    (tmp_path / "groups.csv").write_text("clip,group\na,<i>one\n")
    statistics = summarize(tmp_path / "results", tmp_path / "groups.csv", tmp_path / "out")
    assert statistics.notes == [
        "Left out, as unrelated pictures have no time: 1 (faces).",
        "Clips without a group: 1 (b). They are in the other tables alone.",
    ]
    assert repr(statistics).startswith("Statistics(rows of tables: clip_measures 2, track_measures 1,")
    assert repr(statistics).endswith(f"; {' '.join(statistics.notes)})")
    assert rows_of(tmp_path / "out" / "clip_measures.csv")[1]["expressiveness"] == ""
    assert "&lt;i&gt;one" in (tmp_path / "out" / PAGE).read_text()


@pytest.mark.parametrize(("others", "told"), [("bcd", "3 (b, c, d)"), ("bcdef", "5 (b, c, d and 2 more)")])
def test_up_to_three_clips_without_a_group_are_named(write_results, tmp_path, others, told):
    for name in f"a{others}":
        write_results(name, labelled(["Anger"]))
    (tmp_path / "groups.csv").write_text("clip,group\na,one\n")
    (note,) = summarize(tmp_path / "results", tmp_path / "groups.csv", tmp_path / "out").notes
    assert note == f"Clips without a group: {told}. They are in the other tables alone."


@pytest.mark.parametrize("fault", ["no folder", "no results", "no json", "pictures alone", "no such clip", "out is a file"])
def test_what_is_wrong_is_one_sentence_and_writes_nothing(write_results, tmp_path, capsys, fault):
    (tmp_path / "results").mkdir(exist_ok=True)
    words = ["summarize", str(tmp_path / "results"), "-out", str(tmp_path / "out")]
    if fault == "no folder":
        words[1] = str(tmp_path / "none")
    elif fault == "pictures alone":
        write_results("faces", [], codec="pictures")
    elif fault != "no results":
        folder = write_results("a", labelled(["Anger"]))
        if fault == "no json":
            (folder / "result.json").unlink()
        (tmp_path / "groups.csv").write_text("clip,group\nz,one\n")
        words += ["-groups", str(tmp_path / "groups.csv")] if fault == "no such clip" else []
        if fault == "out is a file":
            (tmp_path / "out").touch()
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "expected" in said and said.count("\n") == 1
    assert not (tmp_path / "out").is_dir()
