# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.tables.markdown import fill, fill_figures, short_count


def test_a_place_is_filled_and_the_rest_left():
    text = "before\n<!-- table: a -->\nold\n<!-- end of table -->\nbetween\n<!-- table: b -->\n<!-- end of table -->\n"
    new = fill(text, {"a": lambda: "A", "b": lambda: "B"}, "x.md")
    assert new == "before\n<!-- table: a -->\nA\n<!-- end of table -->\nbetween\n<!-- table: b -->\nB\n<!-- end of table -->\n"
    assert fill(new, {"a": lambda: "A", "b": lambda: "B"}, "x.md") == new


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- table: c -->\n<!-- end of table -->", "expected a table among a, found 'c'"),
        ("<!-- table: a -->\n", "expected <!-- end of table -->"),
        ("<!-- table: a -->\n<!-- table: a -->\n<!-- end of table -->", "expected <!-- end of table -->"),
    ],
)
def test_a_place_that_is_wrong_is_named(text, said):
    with pytest.raises(UserError, match=rf"^x\.md: {said}"):
        fill(text, {"a": lambda: "A"}, "x.md")


def test_counts_as_people_write_them():
    assert [short_count(n) for n in (1841144, 80182272, 1514e6, 48.84e6)] == ["1.84 M", "80.18 M", "1.51 G", "48.84 M"]


def test_a_figure_within_a_sentence_is_filled():
    text = "It has <!-- figure: a -->1%<!-- end -->, and <!-- figure: b --><!-- end --> too.\n"
    new = fill_figures(text, {"a": "88.2%", "b": "9 MB"}, "x.md")
    assert new == "It has <!-- figure: a -->88.2%<!-- end -->, and <!-- figure: b -->9 MB<!-- end --> too.\n"
    assert fill_figures(new, {"a": "88.2%", "b": "9 MB"}, "x.md") == new


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- figure: lite-accuracy --><!-- end -->", "expected a figure such as lite-test-accuracy, found 'lite-accuracy'"),
        ("<!-- figure: lite-test-accuracy -->1%\n<!-- end -->", "expected <!-- end --> after every figure and on its line"),
        ("<!-- figure: lite-test-accuracy -->1% <!-- figure: lite-test-accuracy -->2%<!-- end -->", "expected <!-- end --> after every"),
    ],
)
def test_a_figure_that_is_wrong_is_named(text, said):
    with pytest.raises(UserError, match=rf"^x\.md: {said}"):
        fill_figures(text, {"lite-test-accuracy": "88.2%"}, "x.md")
