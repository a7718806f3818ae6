# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from image_classification.CFC_SP.support.csv_files import given_cell, plain_cell, plain_cells, read_columns, read_records, read_table
from image_classification.CFC_SP.support.errors import UserError


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+2", "-a", "@SUM(A1)", "\t=1", "\r=1", "=1", "-"])
def test_a_formula_becomes_text(text):
    assert plain_cell(text) == f"'{text}" and given_cell(plain_cell(text)) == text


def test_what_is_no_formula_stays():
    same = [-1.5, None, "", "-1.5", "+3", "-1e-05", "-.5", "lite", "a=b", True]
    assert plain_cells(same) == same
    assert [given_cell(text) for text in ("", "a=b", "-1.5", "'a", "'3")] == ["", "a=b", "-1.5", "'a", "'3"]


def test_rows_are_read_as_they_lie(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffa,b\r\n"x\ny",\u2028\n'.encode() + b"\xff,1\n")
    assert list(read_table(path)) == [["a", "b"], ["x\ny", "\u2028"], ["\ufffd", "1"]]
    assert read_columns(path, ("a", "b"))[1] == read_records(path)[1] == {"a": "\ufffd", "b": "1"}


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n")
    for read in (read_records, lambda path: read_columns(path, ("a", "b"))):
        with pytest.raises(UserError, match="a.csv line 3: expected 2 cells, found 1"):
            read(path)
    with pytest.raises(UserError, match="expected the columns a,c, found a,b"):
        read_columns(path, ("a", "c"))
    path.write_text(f"a,b\n{'9' * 200_000},1\n")
    with pytest.raises(UserError, match="a.csv line 2: expected a CSV, found none"):
        read_columns(path, ("a", "b"))
    path.write_text("a,b\n1,2\n", encoding="utf-16")
    with pytest.raises(UserError, match="a.csv line 1: expected a CSV in UTF-8, found a zero byte"):
        read_columns(path, ("a", "b"))
    with pytest.raises(UserError, match="expected 9 bytes at most"):
        list(read_table(path, 9))
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UserError, match="a pipe"):
        list(read_table(tmp_path / "pipe.csv"))


@pytest.mark.parametrize(("text", "found"), [("a;b\n1;2\n", "semicolons"), ("\ufeffsep=;\na;b\n", "semicolons"), ("a\tb\n", "tabs")])
def test_cells_that_no_commas_separate_are_told(tmp_path, text, found):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    for read in (lambda path: list(read_table(path)), read_records, lambda path: read_columns(path, ("a", "b"))):
        with pytest.raises(UserError, match=f"a.csv: expected cells separated by commas, found {found}: save it as a CSV with commas"):
            read(tmp_path / "a.csv")


def test_semicolons_may_stand_in_cells(tmp_path):
    (tmp_path / "a.csv").write_text("a;b,c\nd;e\n\n")
    assert list(read_table(tmp_path / "a.csv")) == [["a;b", "c"], ["d;e"], []]
