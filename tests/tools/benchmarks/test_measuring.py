# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.benchmarks.measuring import append_rows, median_of, read_rows


def test_medians():
    found = median_of([3.0, 1.0, 5.0, 2.0], scale=10)
    assert (found.median, found.low, found.high, found.runs) == (25, 10, 50, 4)


def test_rows_are_added_and_never_mixed(tmp_path):
    path = tmp_path / "new" / "benchmark-x.csv"
    append_rows(path, [{"a": 1, "b": "x"}])
    append_rows(path, [{"a": 2, "b": "y, z"}, {"a": 3, "b": ""}])
    assert [row["b"] for row in read_rows(path)] == ["x", "y, z", ""]
    with pytest.raises(UserError, match="expected the columns a, c"):
        append_rows(path, [{"a": 1, "c": 2}])
    assert len(read_rows(path)) == 3
