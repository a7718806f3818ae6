"""Ten clips and two groups from results to tables and a page, as `cfc-sp summarize` makes them."""

import csv

import numpy as np
import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.behaviour.statistics_tables import PAGE, summarize
from image_classification.CFC_SP.core.records import FrameResult
from tests.faces import face_of, labelled

TABLES = {"clips.csv", "tracks.csv", "transitions.csv", "pairs.csv", "lags.csv", "groups.csv", "differences.csv"}


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def two_faces(seed: int, happy: float) -> list[FrameResult]:
    """Six seconds of two faces; the second one does what the first did half a second before, mostly."""
    random = np.random.default_rng(seed)
    moods = np.repeat(random.random(13) < happy, 5)
    labels = ["Happiness" if mood else "Neutral" for mood in moods]
    shares = random.uniform(0.5, 0.9, 65)
    faces = zip(labels[5:], shares[5:], labels, shares, strict=False)
    return [FrameResult(i, i / 10, (face_of(a, 1, share=p), face_of(b, 2, share=q))) for i, (a, p, b, q) in enumerate(faces)]


@pytest.fixture
def ten_clips(write_results, tmp_path):
    """Five clips of people who smile much and five of people who smile little; the folder of results."""
    for number in range(10):
        write_results(f"clip{number}", two_faces(number, 0.8 if number < 5 else 0.2))
    lines = [f"clip{number},{'=many' if number < 5 else 'few'}" for number in range(10)]
    (tmp_path / "groups.csv").write_text("\n".join(["clip,group", *lines]) + "\n")
    return tmp_path / "results"


def test_tables_and_page_of_two_groups(ten_clips, tmp_path, capsys):
    words = ["summarize", str(ten_clips), "-groups", str(tmp_path / "groups.csv"), "-out", str(tmp_path / "out")]
    assert cli.main(words) == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*TABLES, PAGE}
    assert str(out / "groups.csv") in capsys.readouterr().out
    clips, tracks = rows_of(out / "clips.csv"), rows_of(out / "tracks.csv")
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
    assert [note.split(":")[0] for note in statistics.notes] == ["Left out, as unrelated pictures have no time", "Clips without a group"]
    assert rows_of(tmp_path / "out" / "clips.csv")[1]["expressiveness"] == ""
    assert "&lt;i&gt;one" in (tmp_path / "out" / PAGE).read_text()


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
