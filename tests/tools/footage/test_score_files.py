# SPDX-License-Identifier: Apache-2.0
import csv

from tools.footage.score_files import replace_rows

COLUMNS = "bundle", "smoothing", "window", "prior", "share"


def read(path):
    with open(path, newline="") as file:
        return [(row["bundle"], row["smoothing"], row["share"]) for row in csv.DictReader(file)]


def row(bundle, smoothing, share):
    return {"bundle": bundle, "smoothing": smoothing, "window": 24, "prior": 0.8, "share": share}


def test_rows_of_the_same_bundle_and_mode_are_replaced(tmp_path):
    path = tmp_path / "clips.csv"
    replace_rows(path, COLUMNS, [row("lite", "decoder", 1), row("lite", "decoder", 2)])
    replace_rows(path, COLUMNS, [row("lite", "logits", 3), row("fast", "decoder", 4)])
    replace_rows(path, COLUMNS, [row("lite", "decoder", 5)])
    assert read(path) == [("lite", "logits", "3"), ("fast", "decoder", "4"), ("lite", "decoder", "5")]


def test_a_file_of_other_columns_begins_anew(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("bundle,old\nlite,1\n")
    replace_rows(path, COLUMNS, [row("lite", "decoder", 1)])
    assert read(path) == [("lite", "decoder", "1")]
