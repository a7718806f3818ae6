# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.layered_yaml import read_layers


def test_the_layers_of_a_file_come_in_their_order(tmp_path):
    (tmp_path / "first.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "second.yaml").write_text("a: 2\n", encoding="utf-8")
    path = tmp_path / "top.yaml"
    path.write_text("BASE: [first.yaml, second.yaml]\na: 3\nROWS:\n  7: {a: 4}\n", encoding="utf-8")
    layers = read_layers(path, 7)
    assert [tree["a"] for _, tree in layers] == [1, 2, 3, 4]
    assert [origin.rpartition("/")[2] for origin, _ in layers] == ["first.yaml", "second.yaml", "top.yaml", "top.yaml, row 7"]


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("ROWS: {1: {a: 1}, 2: {a: 2}}", None, "top.yaml holds rows: expected the number of one, 1, 2, none was named"),
        ("ROWS: {1: {a: 1}, 2: {a: 2}}", 3, "expected the number of one, 1, 2, found 3; `cfc-sp export` takes -row"),
        ("a: 1", 3, "top.yaml: expected a file with a row 3, found a file of one config: leave the row out"),
        ("ROWS: [1, 2]", 1, r"top.yaml: ROWS: expected numbers, each with keys and values, found \[1, 2\]"),
        ("ROWS: {one: {a: 1}}", 1, "ROWS: expected numbers"),
        ("ROWS: {1: 2}", 1, "ROWS: expected numbers"),
        ("BASE: rows.yaml", None, "top.yaml: BASE names 'rows.yaml', which holds rows: name a file of one config"),
    ],
)
def test_mistakes_in_rows_are_named(tmp_path, text, row, said):
    (tmp_path / "rows.yaml").write_text("ROWS: {1: {a: 1}}\n", encoding="utf-8")
    (tmp_path / "top.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_layers(tmp_path / "top.yaml", row)
