# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.core.annotation import Annotation, Interval
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.interval_table import read_intervals, write_intervals


def test_columns_may_come_in_any_order_and_among_others(tmp_path):
    (tmp_path / "a.csv").write_text("label, coder,end_s,start_s,track,confidence\nhappy,x,2.5,1,face 2,\n,x,3,2,1,\n\nsad,x,9,3,1,0.5\n")
    expected = (Interval("2", 1.0, 2.5, "happy"), Interval("1", 3.0, 9.0, "sad", 0.5))
    assert read_intervals(tmp_path / "a.csv") == Annotation(expected, ("2", "1"))


def test_a_track_need_not_be_named(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeffstart_s,end_s,label\r\n0,1,happy\r\n", encoding="utf-8")
    assert read_intervals(tmp_path / "a.csv").intervals == (Interval("", 0.0, 1.0, "happy"),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "none called start_s"),
        ("start_s;end_s;label\n0,5;1;happy\n", "a.csv: expected cells separated by commas, found semicolons"),
        ("start,end,label\n", "none called start_s"),
        ("start_s,end_s,label\n0,1,happy\n1,2\n", "line 3: expected start_s, end_s, label, found another row"),
        ("start_s,end_s,label\n0,soon,happy\n", "line 2: .*could not convert"),
        ("start_s,end_s,label\n0,1,happy\n2,1,sad\n", "line 3: .*ends after it begins"),
        ("start_s,end_s,label\n0,inf,happy\n", "line 2: .*ends after it begins"),
        ("start_s,end_s,label\nnan,1,happy\n", "line 2: .*ends after it begins"),
    ],
)
def test_a_row_that_does_not_follow_is_told_by_its_line(tmp_path, content, told):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(UserError, match=told):
        read_intervals(tmp_path / "a.csv")


def test_what_is_written_is_a_table_that_is_read_back(tmp_path):
    written = Annotation((Interval("1", 0.04, 1.234, "Happiness", 0.8760001), Interval("Ann", 1.5, 2.0, "happy, loud")), ("1", "Ann"))
    write_intervals(tmp_path / "a.csv", written)
    lines = ["start_s,end_s,label,track,confidence", "0.04,1.234,Happiness,1,0.876", '1.5,2.0,"happy, loud",Ann,']
    assert (tmp_path / "a.csv").read_text().splitlines() == lines
    assert read_intervals(tmp_path / "a.csv").intervals == (Interval("1", 0.04, 1.234, "Happiness", 0.876), written.intervals[1])
