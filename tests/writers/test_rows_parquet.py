# SPDX-License-Identifier: Apache-2.0
"""Parquet, as pyarrow reads it."""

import sys
from dataclasses import replace

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers import rows_parquet
from image_classification.CFC_SP.writers.output import check_formats
from image_classification.CFC_SP.writers.rows_csv import COLUMNS, row_values
from image_classification.CFC_SP.writers.rows_parquet import read_parquet_rows, write_parquet

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def test_it_holds_the_rows_with_their_types(tmp_path, make_results, monkeypatch):
    monkeypatch.setattr(rows_parquet, "_ROWS_AT_ONCE", 4)
    results = make_results(7)
    write_parquet(tmp_path / "a.parquet", results)
    table = parquet.read_table(tmp_path / "a.parquet")
    kinds = {"frame": "int64", "track": "int64", "label": "string", "coarse": "string", "raw_label": "string"}
    assert [(field.name, str(field.type)) for field in table.schema] == [(name, kinds.get(name, "double")) for name in COLUMNS]
    expected = [dict(zip(COLUMNS, values, strict=True)) for result in results for values in row_values(result)]
    assert table.to_pylist() == expected and None in table["label"].to_pylist()
    assert [list(row_values(result)) for result in read_parquet_rows(tmp_path / "a.parquet")] == [
        list(row_values(result)) for result in results
    ]


def test_no_rows_are_a_table_without_rows(tmp_path):
    write_parquet(tmp_path / "a.parquet", [])
    assert parquet.read_table(tmp_path / "a.parquet").num_rows == 0 and not list(read_parquet_rows(tmp_path / "a.parquet"))


@pytest.mark.parametrize("damage", ["cut", "empty", "other columns"])
def test_what_is_no_whole_table_is_told(tmp_path, make_results, damage):
    path = tmp_path / "a.parquet"
    write_parquet(path, make_results(7))
    if damage == "other columns":
        parquet.write_table(parquet.read_table(path, columns=["frame"]), path)
    else:
        path.write_bytes(path.read_bytes()[: 200 if damage == "cut" else 0])
    with pytest.raises(UserError, match=r"a.parquet: expected rows that `cfc-sp predict` wrote as Parquet"):
        list(read_parquet_rows(path))


def test_without_pyarrow_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for ask in (lambda: check_formats(["csv", "parquet"]), lambda: list(read_parquet_rows(tmp_path / "a.parquet"))):
        with pytest.raises(UserError, match=r"[Pp]arquet needs the package pyarrow, .*: pip install 'cfc-sp\[parquet\]'"):
            ask()


def test_pictures_bear_their_names_there_too(tmp_path, make_results):
    results = [replace(result, picture=f"{result.frame}.png") for result in make_results(3)]
    write_parquet(tmp_path / "a.parquet", results, has_pictures=True)
    assert parquet.read_table(tmp_path / "a.parquet")["picture"].to_pylist() == ["0.png", "0.png", "1.png", "2.png"]
    assert [result.picture for result in read_parquet_rows(tmp_path / "a.parquet")] == ["0.png", "1.png", "2.png"]
