# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import yaml

from image_classification.CFC_SP.inference.bundle import MANIFEST, SHIPPED
from image_classification.CFC_SP.support.yaml_files import MAX_BYTES, MAX_NODES, YamlError, parse_yaml
from tests.work import bounded_work


def bomb(levels, width=9):
    """456 bytes of nine aliases each a level are nine to the power of the levels."""
    lines = [f"a0: &a0 [{','.join('x' * width)}]"]
    return "\n".join([*lines, *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels))])


@pytest.mark.parametrize("path", sorted(SHIPPED.glob(f"*/{MANIFEST}")), ids=lambda path: path.parent.name)
def test_manifests_are_read_as_the_library_reads_them(path):
    assert parse_yaml(path.read_bytes()) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1:30", {"a": "1:30"}),
        ("[yes, No, on, OFF, y]", ["yes", "No", "on", "OFF", "y"]),
        ("[010, 1_000, 0x10, 0b1, 1e3, 2026-02-30]", ["010", "1_000", "0x10", "0b1", "1e3", "2026-02-30"]),
        ("[true, False, null, ~, -3, 1.5, 1.0e-05, .inf]", [True, False, None, None, -3, 1.5, 1e-05, math.inf]),
        ("['1', \"true\", !  x]", ["1", "true", "x"]),
        ("1: a\nyes: b\n1.5: c", {1: "a", "yes": "b", "1.5": "c"}),
        ("9" * 5000, "9" * 5000),
        ("", None),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
    ],
)
def test_plain_words_stay_what_they_are(text, value):
    found = parse_yaml(text)
    assert found == value and repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (bomb(7), "line 5, column 10: more than 10000 values, aliases included"),
        ("[" * 200_000, "more than 20 levels"),
        ("- " * 100_000, "more than 20 levels"),
        ("- a\n" * 60_000, "more than 10000 values"),
        ("a" * (MAX_BYTES + 1), "262144 are the most"),
        ("a: &x [*x]", "an alias without an anchor before it"),
        ("a: {<<: {b: 1}}", "a merge key"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: a key that is there twice"),
        ("? [a]\n: b", "a key that is no text"),
        ("!!python/object/apply:os.system [ls]", "a tag"),
        ("!!int '3'", "a tag"),
        ("a\n--- b", "a second document"),
        (b"\xff\xfe\x00", "characters that YAML does not allow"),
        ('a: "b\\0"', "a zero character"),
        (b"a: \x00", "characters that YAML does not allow"),
    ],
    ids=range(15),
)
def test_what_is_no_plain_data_is_refused_at_once(text, reason):
    with bounded_work(), pytest.raises(YamlError, match=reason):
        parse_yaml(text)


def test_an_error_quotes_nothing_of_the_file():
    with pytest.raises(YamlError) as error:
        parse_yaml("user: secret\n\tkey: [other secret\n")
    assert "line 2" in str(error.value) and "secret" not in str(error.value)


def test_aliases_count_as_often_as_they_stand_for_values():
    count = MAX_NODES // 2 - 2
    assert len(parse_yaml(f"- &x [{','.join('1' * count)}]\n- *x")[1]) == count
    with pytest.raises(YamlError, match="more than"):
        parse_yaml(f"- &x [{','.join('1' * count)}]\n- *x\n- *x")
