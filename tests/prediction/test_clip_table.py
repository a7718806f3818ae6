# SPDX-License-Identifier: Apache-2.0
"""The table of clips, and whose results lie where."""

import csv
import json
from dataclasses import replace
from multiprocessing.dummy import Pool

import pytest

from image_classification.CFC_SP.core.records import Source, Summary
from image_classification.CFC_SP.prediction.clip_table import COLUMNS, TABLE, ClipTable
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.result_json import write_json
from tests import clips
from tests.predicting import run

SUMMARY = Summary(
    source=Source("a.mp4", "h264", 64, 48, 30.0, 1.0),
    bundle={"name": "lite", "sha256": "0" * 64},
    device="cpu",
    engine="onednn",
    window_frames=8,
    frames=30,
    face_rows=40,
    tracks=2,
    label_counts={"Neutral": 30, "Happiness": 10},
    timings_s={"total": 1.5, "detect": 1.0, "draw": 0.25},
    options={"start_s": None, "end_s": None, "stride": 1},
)


def rows_of_table(root):
    with open(root / TABLE, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def do(table, path, name="clip", error=None):
    """The folder of a clip that was worked on."""
    with table.clip(path, name) as row:
        (table._root / row.folder).mkdir(exist_ok=True)
        if error:
            raise error
        row.count(SUMMARY)
    return row.folder


def test_a_row_tells_what_was_counted(tmp_path):
    assert do(ClipTable(tmp_path, False), "/a/clip.mp4") == "clip"
    (row,) = rows_of_table(tmp_path)
    assert tuple(row) == COLUMNS
    assert {key: value for key, value in row.items() if value} == {
        **{"input": "/a/clip.mp4", "folder": "clip", "state": "done", "frames": "30", "faces": "40", "tracks": "2"},
        **{"share_neutral": "0.7500", "share_happiness": "0.2500", "seconds": "1.750"},
    }


def test_clips_of_one_name_keep_their_folders_in_every_call(tmp_path):
    for _ in range(2):
        table = ClipTable(tmp_path, True)
        assert [do(table, f"/{i}/clip.mp4") for i in range(3)] == ["clip", "clip-2", "clip-3"]
        assert do(ClipTable(tmp_path, False), "/2/clip.mp4") == "clip-3"
    assert do(ClipTable(tmp_path, False), "/3/clip.mp4") == "clip-4"
    assert [row["input"] for row in rows_of_table(tmp_path)] == [f"/{i}/clip.mp4" for i in range(4)]


def test_a_clip_that_is_named_twice_has_two_folders(tmp_path):
    table = ClipTable(tmp_path, True)
    assert [do(table, "/0/clip.mp4") for _ in range(2)] == ["clip", "clip-2"]


@pytest.mark.parametrize(("given", "is_same"), [("/a/clip.mp4", True), ("/b/clip.mp4", False), ("rtsp://cam/1", False)])
def test_results_without_a_table_tell_whose_they_are(tmp_path, given, is_same):
    (tmp_path / "clip").mkdir()
    write_json(tmp_path / "clip" / "result.json", replace(SUMMARY, source=replace(SUMMARY.source, path=given)), [])
    assert do(ClipTable(tmp_path, False), "/a/clip.mp4") == ("clip" if is_same else "clip-2")


def test_a_path_from_elsewhere_may_be_another_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip = tmp_path / "clip.mp4"
    clip.write_text("one")
    (tmp_path / "clip").mkdir()
    source = replace(SUMMARY.source, path="clip.mp4", size_bytes=3, modified_s=clip.stat().st_mtime)
    write_json(tmp_path / "clip" / "result.json", replace(SUMMARY, source=source), [])
    table = ClipTable(tmp_path, False)
    assert table._place(str(clip), "clip", {}) == "clip"
    clip.write_text("another")
    assert table._place(str(clip), "clip", {}) == "clip-2"


def test_rows_go_with_their_results(tmp_path):
    do(ClipTable(tmp_path, True), "/a/clip.mp4")
    (tmp_path / "clip").rename(tmp_path / "kept")
    assert do(ClipTable(tmp_path, True), "/b/clip.mp4") == "clip"
    assert [row["input"] for row in rows_of_table(tmp_path)] == ["/b/clip.mp4"]


@pytest.mark.parametrize(
    ("error", "state"), [(UserError("no clip"), "failed"), (KeyError("ours"), "failed"), (KeyboardInterrupt(), "stopped")]
)
def test_failures_are_listed_where_that_is_asked(tmp_path, error, state):
    do(ClipTable(tmp_path, False), "/a/clip.mp4")
    for lists_failures in (False, True):
        with pytest.raises(type(error)):
            do(ClipTable(tmp_path, lists_failures), "/b/clip.mp4", error=error)
        rows = rows_of_table(tmp_path)
        assert [(row["input"], row["state"]) for row in rows] == [("/a/clip.mp4", "done"), ("/b/clip.mp4", state)][: 1 + lists_failures]
    assert rows[1]["error"] == ("" if state == "stopped" else str(error))


def test_a_failure_by_itself_leaves_no_table(tmp_path):
    with pytest.raises(UserError):
        do(ClipTable(tmp_path, False), "/b/clip.mp4", error=UserError("no clip"))
    assert [path.name for path in tmp_path.iterdir()] == ["clip"]


def test_a_folder_that_only_a_failure_made_goes(tmp_path):
    root = tmp_path / "new" / "out"
    with pytest.raises(UserError), ClipTable(root, False).clip("/b/clip.mp4", "clip"):
        raise UserError("no engine")
    assert not root.exists()
    root.mkdir()
    with pytest.raises(UserError), ClipTable(root, False).clip("/b/clip.mp4", "clip"):
        raise UserError("no engine")
    assert root.is_dir(), "it was there before"


def test_a_clip_that_is_worked_on_has_a_row(tmp_path):
    with ClipTable(tmp_path, False).clip("/a/clip.mp4", "clip"):
        assert [row["state"] for row in rows_of_table(tmp_path)] == ["begun"]
        # Another call meanwhile.
        assert do(ClipTable(tmp_path, False), "/b/clip.mp4") == "clip-2"


def test_calls_at_a_time_lose_no_row(tmp_path):
    with Pool(4) as pool:
        folders = pool.map(lambda i: do(ClipTable(tmp_path, False), f"/{i}/clip.mp4"), range(20))
    assert len(set(folders)) == 20 and {row["folder"] for row in rows_of_table(tmp_path)} == set(folders)
    assert {row["state"] for row in rows_of_table(tmp_path)} == {"done"}


def test_no_cell_is_a_formula_and_odd_names_are_text(tmp_path):
    do(ClipTable(tmp_path, True), "/a/\udcff\n.mp4", "=1+1")
    (row,) = rows_of_table(tmp_path)
    assert (row["folder"], row["input"]) == ("'=1+1", "/a/\\udcff\n.mp4")


def test_a_name_that_is_no_text_has_one_row(tmp_path):
    table = ClipTable(tmp_path, True)
    for _ in range(2):
        assert do(table, "/a/bad\udcff.mp4", "bad\udcff") == "bad\udcff"
        assert do(table, "/a/b.mp4", "b") == "b"
        assert [(row["input"], row["state"]) for row in rows_of_table(tmp_path)] == [("/a/bad\\udcff.mp4", "done"), ("/a/b.mp4", "done")]
        table = ClipTable(tmp_path, True)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda root: (root / TABLE).write_text("a,b\n"), "expected the columns"),
        (None, "-out: expected a folder, found a file at .*/out: "),
    ],
)
def test_what_is_in_the_way_is_told(tmp_path, make, told):
    root = tmp_path / "out"
    if make:
        root.mkdir()
        make(root)
    else:
        root.touch()
    with pytest.raises(UserError, match=told):
        do(ClipTable(root, True), "/a/clip.mp4")


def test_two_calls_keep_clips_of_one_name(loaded_once, tmp_path, monkeypatch):
    """As a person calls it, in each clip's own folder; only the CSV is asked for."""
    out = tmp_path / "out"
    for name, count in (("one", 3), ("two", 4), ("one", 3)):
        (tmp_path / name).mkdir(exist_ok=True)
        clips.write_clip(tmp_path / name / "clip.mp4", clips.pictures(count))
        monkeypatch.chdir(tmp_path / name)
        assert run("clip.mp4", "-formats", "csv,json", out=out) == 0
    assert [(row["folder"], row["frames"], row["state"]) for row in rows_of_table(out)] == [("clip", "3", "done"), ("clip-2", "4", "done")]
    assert json.loads((out / "clip-2" / "result.json").read_text())["counts"]["frames"] == 4


def test_one_call_lists_all_of_its_clips(loaded_once, tmp_path, capsys):
    for number in (1, 2):
        (tmp_path / "in" / str(number)).mkdir(parents=True)
        clips.write_clip(tmp_path / "in" / str(number) / "zoom_0.mp4", clips.pictures(2 + number))
    (tmp_path / "in" / "2" / "bad.mp4").write_text("no video")
    assert run(tmp_path / "in", out=tmp_path / "out") == 2
    assert "add -recursive" in capsys.readouterr().err and not (tmp_path / "out" / TABLE).exists()
    for words in ([], ["-resume"]):
        assert run("-q", tmp_path / "in", "-recursive", "-formats", "csv,json", *words, out=tmp_path / "out") == 2
        rows = rows_of_table(tmp_path / "out")
        told = [(row["folder"], row["state"], row["frames"], row["faces"]) for row in rows]
        assert told == [("zoom_0", "done", "3", "0"), ("bad", "failed", "", ""), ("zoom_0-2", "done", "4", "0")]
        assert "bad.mp4" in rows[1]["error"] and float(rows[0]["seconds"]) > 0
