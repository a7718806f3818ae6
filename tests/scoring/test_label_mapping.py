# SPDX-License-Identifier: Apache-2.0
"""What other people's labels mean."""

import pytest

from image_classification.CFC_SP.scoring.label_mapping import LabelMapping, read_mapping
from image_classification.CFC_SP.support.errors import UserError


def test_names_of_data_sets_need_no_mapping():
    found = [LabelMapping().class_of(name) for name in ("Happiness", "happy", " ANGRY ", "contempt", "negative")]
    assert found == ["Happiness", "Happiness", "Anger", "Other", "Negative"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.yaml", "Smile: happiness\nblink:\n1: Anger\n", LabelMapping({"smile": "Happiness", "blink": None, "1": "Anger"})),
        (
            "a.yml",
            "labels: {smile: Happiness}\ntracks: {Mother: 1, face 2: track 3}\ngaps: neutral\n",
            LabelMapping({"smile": "Happiness"}, {"Mother": "1", "2": "3"}, "Neutral"),
        ),
        ("a.yaml", "tracks: {Mother: 1}\n", LabelMapping({}, {"Mother": "1"})),
        (
            "a.csv",
            "label,class\nSmile,Happiness\n\nblink,\nfrown,Negative\n",
            LabelMapping({"smile": "Happiness", "blink": None, "frown": "Negative"}),
        ),
    ],
)
def test_a_mapping_is_read(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    assert read_mapping(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "", "expected labels and their classes, found nothing"),
        ("a.yaml", "- smile\n", "expected labels and their classes"),
        ("a.yaml", "smile: joy\n", "expected a class among Neutral, .*Negative for 'smile', found 'joy'"),
        ("a.yaml", "labels: [smile]\n", "expected names and their meanings"),
        ("a.yaml", "gaps: {a: b}\n", "expected names and their meanings"),
        ("a.yaml", "a: &x [1\n", "expected YAML"),
        ("a.csv", "from,to\n", "expected the columns label,class, found from,to"),
        ("a.csv", "label,class\nsmile\n", "expected 2 cells a row"),
        ("a.csv", "label,class\nsmile,joy\n", "expected a class .*found 'joy'"),
    ],
)
def test_a_mapping_that_is_none_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=f"{name}: {told}"):
        read_mapping(tmp_path / name)


def test_labels_outside_the_mapping_are_named():
    mapping = LabelMapping({"blink": None})
    mapping.check(["blink", "happy"], "a.eaf")
    with pytest.raises(UserError, match="a.eaf: expected labels among Neutral, .*, found 'smirk', 'wave': give each a class in a -mapping"):
        mapping.check(["smirk", "wave", "smirk"], "a.eaf")
    with pytest.raises(UserError, match="and 92 more"):
        mapping.check(map(str, range(100)), "a.eaf")
