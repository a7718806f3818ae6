# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from image_classification.CFC_SP.behaviour.group_file import read_groups
from image_classification.CFC_SP.support.errors import UserError


def read(tmp_path, text):
    (tmp_path / "groups.csv").write_text(text, encoding="utf-8")
    return read_groups(tmp_path / "groups.csv", {"a", "b", "c d"}, Path("results"))


def test_clips_are_grouped_in_the_file_s_order(tmp_path):
    assert read(tmp_path, "\ufeffage,Clip , group\n9,c d,two\n\n8,a,one\n,b,two\n") == {"two": ["c d", "b"], "one": ["a"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected the columns clip and group, found none"),
        ("clip,who\na,one\n", "found clip, who"),
        ("clip,group\n", "expected a line for each clip, found none"),
        ("clip,group\na,one\nx,one\n", "line 3: expected a clip with results in results, found 'x'"),
        ("clip,group\nc d.mp4,one\n", "found 'c d.mp4': leave the ending away and write c d"),
        ("clip,group\nx.mp4,one\n", "found 'x.mp4': predict it first, or correct its name"),
        ("clip;group\na;one\n", "expected cells separated by commas, found semicolons: save it as a CSV with commas"),
        ("clip,group\na,one\na,two\n", "line 3: expected each clip once, found 'a' in line 2 too"),
        ("clip,group\na,\n", "line 2: expected a clip and its group, found an empty cell"),
        ("clip,group\na\n", "line 2: expected a clip and its group, found an empty cell"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(UserError, match="groups.csv") as raised:
        read(tmp_path, text)
    assert told in str(raised.value) and "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_groups(tmp_path / "none.csv", {"a"}, tmp_path)
