# SPDX-License-Identifier: Apache-2.0
import csv
import math
from dataclasses import replace

import pytest

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.rows_csv import CsvWriter, drop_cut_row, read_rows

HEADER = (
    "frame,time_s,track,x1,y1,x2,y2,face_score,label,confidence,coarse,raw_label,"
    "p_neutral,p_anger,p_disgust,p_fear,p_happiness,p_sadness,p_surprise,p_other"
)


def write(path, results):
    with CsvWriter(path) as writer:
        for result in results:
            writer.write(result)
    return path


def test_the_header_is_the_row_contract_and_lines_end_in_newlines(tmp_path, make_results):
    data = write(tmp_path / "rows", make_results(4)).read_bytes()
    assert data.split(b"\n")[0].decode() == HEADER
    assert b"\r" not in data and data.endswith(b"\n")


def test_one_row_a_frame_and_face_and_one_for_a_frame_without(tmp_path, make_results):
    results = make_results(30)
    with open(write(tmp_path / "rows", results), newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == [r.frame for r in results for _ in range(max(1, len(r.faces)))]
    for row in rows:
        empty = [name for name, cell in row.items() if cell == ""]
        assert empty in ([], list(row)[2:])


def test_reading_gives_back_what_was_written(tmp_path, make_results):
    results = make_results(60, faces=(0, 1, 3))
    back = list(read_rows(write(tmp_path / "rows", results)))
    assert len(back) == len(results)
    for found, expected in zip(back, results, strict=True):
        assert found.frame == expected.frame
        assert found.time_s == pytest.approx(expected.time_s, abs=5.1e-7)
        assert len(found.faces) == len(expected.faces)
        for a, b in zip(found.faces, expected.faces, strict=True):
            assert (a.track, a.label, a.coarse, a.raw_label) == (b.track, b.label, b.coarse, b.raw_label)
            assert a.box == pytest.approx(b.box, abs=0.00501)
            assert (a.score, a.confidence) == pytest.approx((b.score, b.confidence), abs=5.1e-7)
            assert a.probabilities == pytest.approx(b.probabilities, abs=5.1e-7)
            assert sum(a.probabilities) == pytest.approx(1, abs=4e-6)


def test_a_second_round_trip_changes_no_byte(tmp_path, make_results):
    first = write(tmp_path / "first", make_results(60))
    second = write(tmp_path / "second", read_rows(first))
    assert first.read_bytes() == second.read_bytes()


def test_decimal_places_are_fixed_and_zero_has_no_sign(tmp_path, make_results):
    row = write(tmp_path / "rows", make_results(1, faces=(1,), box=(-0.001, 1, 2.006, 3.1))).read_text().split("\n")[1].split(",")
    assert row[1] == "0.000000"
    assert row[3:7] == ["0.00", "1.00", "2.01", "3.10"]
    assert all(len(cell.split(".")[1]) == 6 for cell in (row[7], row[9], *row[12:]))


def test_reading_holds_one_frame_at_a_time(tmp_path, make_results):
    path = write(tmp_path / "rows", make_results(5))
    with open(path, "a") as file:
        file.write("not,a,row\n")
    rows = read_rows(path)
    assert [next(rows).frame for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(UserError, match="line 9"):
        next(rows)


def test_pictures_bear_their_names_behind_the_other_columns(tmp_path, make_results):
    names = ["a, b.png", "=1+1.png", 'ü"\n.jpg', "'=.png"]
    results = [replace(result, picture=name) for result, name in zip(make_results(4, faces=(0, 2)), names, strict=True)]
    with CsvWriter(tmp_path / "rows", has_pictures=True) as writer:
        for result in results:
            writer.write(result)
    with open(tmp_path / "rows", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*HEADER.split(","), "picture"]
    # No spreadsheet takes a name for a formula.
    assert [row["picture"] for row in rows if row["frame"] == "1"] == ["'=1+1.png"] * 2
    back = list(read_rows(tmp_path / "rows"))
    assert [(result.picture, len(result.faces)) for result in back] == [(name, 2 * (i % 2)) for i, name in enumerate(names[:3])] + [
        ("=.png", 2)
    ]
    (tmp_path / "rows").write_text((tmp_path / "rows").read_text().replace(',"a, b.png"', ""))
    with pytest.raises(UserError, match="expected the 21 columns"):
        list(read_rows(tmp_path / "rows"))


@pytest.mark.parametrize("cut", [1, 8, 40, 100])
def test_a_row_cut_short_is_refused(tmp_path, make_results, cut):
    path = write(tmp_path / "rows", make_results(3, faces=(1,)))
    path.write_bytes(path.read_bytes()[:-cut].rsplit(b",", 1)[0])
    with pytest.raises(UserError, match="row contract"):
        list(read_rows(path))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_table_of_rows_is_refused(tmp_path, content):
    (tmp_path / "rows").write_bytes(content)
    with pytest.raises(UserError, match="columns"):
        list(read_rows(tmp_path / "rows"))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_that_is_not_finite_is_written(tmp_path, value):
    with CsvWriter(tmp_path / "rows") as writer, pytest.raises(ValueError, match="finite"):
        writer.write(FrameResult(0, value))


@pytest.mark.parametrize(("left", "kept"), [("a,b\n1,2\n3,", "a,b\n1,2\n"), ("a,b\n", "a,b\n"), ("a,", ""), ("", "")])
def test_a_row_that_was_cut_is_dropped(tmp_path, left, kept):
    (tmp_path / "rows").write_text(left)
    drop_cut_row(tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == kept


def test_a_long_row_that_was_cut_is_dropped(tmp_path):
    (tmp_path / "rows").write_text("a,b\n" + "x" * 200_000)
    drop_cut_row(tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == "a,b\n"
