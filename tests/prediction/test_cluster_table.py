# SPDX-License-Identifier: Apache-2.0
"""The table of a run on many machines."""

import csv

import pytest

from image_classification.CFC_SP.prediction.clip_list import ListedClip
from image_classification.CFC_SP.prediction.clip_table import COLUMNS
from image_classification.CFC_SP.prediction.cluster_table import ClusterTable
from image_classification.CFC_SP.support.errors import UserError

pytest.importorskip("fsspec")


def rows(root):
    with open(root / "clips.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_clip_has_a_row_and_a_folder_of_its_own(tmp_path):
    clips = [ListedClip("/one/a.mp4", "a"), ListedClip("s3://two/a.mp4", "a"), ListedClip("/b.mp4", "b")]
    table = ClusterTable(str(tmp_path), clips)
    assert [(row["input"], row["folder"], row["state"]) for row in rows(tmp_path)] == [
        ("/one/a.mp4", "a", "begun"),
        ("s3://two/a.mp4", "a-2", "begun"),
        ("/b.mp4", "b", "begun"),
    ]
    table.enter("/b.mp4", {"state": "done", "machine": "m1", "seconds": "1.500"})
    table.stop()
    assert [row["state"] for row in rows(tmp_path)] == ["stopped", "stopped", "done"]
    assert rows(tmp_path)[2]["machine"] == "m1" and table.folder("s3://two/a.mp4") == "a-2"


def test_a_clip_keeps_its_folder_and_others_their_rows(tmp_path):
    ClusterTable(str(tmp_path), [ListedClip("/one/a.mp4", "a"), ListedClip("/two/a.mp4", "a")]).stop()
    table = ClusterTable(str(tmp_path), [ListedClip("/three/a.mp4", "a"), ListedClip("/two/a.mp4", "a")])
    assert [table.folder(f"/{name}/a.mp4") for name in ("three", "two")] == ["a-3", "a-2"]
    assert [row["state"] for row in rows(tmp_path)] == ["stopped", "begun", "begun"]


def test_a_table_that_names_no_machine_is_read(tmp_path):
    columns = [column for column in COLUMNS if column != "machine"]
    values = {"input": "/a.mp4", "folder": "old", "state": "done"}
    lines = [columns, [values.get(column, "") for column in columns]]
    (tmp_path / "clips.csv").write_text("\n".join(",".join(line) for line in lines) + "\n")
    assert ClusterTable(str(tmp_path), [ListedClip("/a.mp4", "a")]).folder("/a.mp4") == "old"


def test_another_table_is_told(tmp_path):
    (tmp_path / "clips.csv").write_text("no,such\n")
    with pytest.raises(UserError, match=r"clips.csv: expected a table of an earlier call, found another file"):
        ClusterTable(str(tmp_path), [])


def test_the_table_may_lie_behind_an_address():
    ClusterTable("memory://table", [ListedClip("/a.mp4", "a")]).stop()
    assert ClusterTable("memory://table", [ListedClip("/b.mp4", "a")]).folder("/b.mp4") == "a-2"
