# SPDX-License-Identifier: Apache-2.0
"""Rows from a growing file, and events as they go over the wire."""

import pytest

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.serving.clip_events import RowTail, event, row_of
from image_classification.CFC_SP.writers.rows_csv import COLUMNS, CsvWriter
from tests.serving.fake_recognizer import face_of


@pytest.fixture
def growing(tmp_path):
    with CsvWriter(tmp_path / "rows", every_row=True) as writer:
        yield tmp_path / "rows", writer


def test_rows_come_once_as_soon_as_they_are_whole(growing):
    path, writer = growing
    tail = RowTail(path)
    assert tail.rows() == []
    writer.write(FrameResult(0, 0.0, (face_of(0, 64, 48),)))
    writer.write(FrameResult(1, 0.04))
    first, second = tail.rows()
    assert list(first) == list(COLUMNS)
    assert (first["frame"], first["label"], first["x1"], first["p_happiness"]) == (0, "Happiness", 16.0, 0.72)
    assert (second["frame"], second["time_s"], second["track"], second["label"]) == (1, 0.04, None, None)
    seen = tail.place
    with open(path, "a") as file:
        file.write("2,0.08,")
        file.flush()
        assert tail.rows() == []
        file.write("," * (len(COLUMNS) - 3) + "\n")
    assert [row["frame"] for row in tail.rows()] == [2] and tail.rows() == []
    # Another one goes on where this one was.
    again = RowTail(path, seen)
    assert [row["frame"] for row in again.rows()] == [2]
    tail.close()
    again.close()


@pytest.mark.parametrize("place", [-1, 1, 9, 10**6, 10**30])
def test_all_rows_come_to_a_client_that_left_off_where_none_ends(growing, place):
    path, writer = growing
    writer.write(FrameResult(0, 0.0, (face_of(0, 64, 48),)))
    writer.write(FrameResult(1, 0.04))
    tail = RowTail(path, place)
    assert [row["frame"] for row in tail.rows()] == [0, 1]
    tail.close()


def test_many_rows_come_in_pieces(growing):
    path, writer = growing
    for index in range(3000):
        writer.write(FrameResult(index, index / 25, (face_of(index, 640, 480),)))
    tail, found = RowTail(path), []
    while rows := tail.rows():
        assert len(rows) < 1000
        found += rows
    assert [row["frame"] for row in found] == list(range(3000))
    tail.close()


def test_an_event_is_two_lines_and_a_blank_one():
    assert event("rows", [{"a": "x\ny"}], "1.20") == b'id: 1.20\nevent: rows\ndata: [{"a": "x\\ny"}]\n\n'
    assert row_of(["0", "0.000000", *[""] * (len(COLUMNS) - 2)])["time_s"] == 0.0
