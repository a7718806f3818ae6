# SPDX-License-Identifier: Apache-2.0
"""What the page says; how it looks is in browser/."""

from html.parser import HTMLParser

import pytest

from image_classification.CFC_SP.behaviour.measures import NAMES
from image_classification.CFC_SP.behaviour.statistics_page import MOST_CLIPS, write_page


def clip(name, **measures):
    return (
        {"clip": name, "tracks": 1}
        | dict.fromkeys(NAMES)
        | {"seconds": 2.0}
        | {f"share_{n}": 0.0 for n in ("neutral", "anger", "disgust", "fear", "sadness", "surprise", "other")}
        | {"share_happiness": 1.0}
        | measures
    )


def page(tmp_path, **tables):
    tables = {name: [] for name in ("clip_measures", "track_measures", "transitions", "pairs", "lags")} | tables
    write_page(tmp_path / "page.html", tables, ["A note."])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    HTMLParser().feed(text)
    return text


def test_names_are_escaped_and_nothing_is_loaded(tmp_path):
    text = page(tmp_path, clip_measures=[clip("<script>x</script>\x1b")])
    assert "<script" not in text and "&lt;script&gt;" in text and "\x1b" not in text
    assert "http" not in text.replace("http-equiv", "") and "default-src 'none'" in text and "A note." in text


def test_more_clips_than_a_page_holds_are_told(tmp_path):
    text = page(tmp_path, clip_measures=[clip(f"c{i}") for i in range(MOST_CLIPS + 3)])
    assert "3 more clips are in clip_measures.csv" in text and text.count('class="bar"') == MOST_CLIPS


def test_a_group_s_interval_is_drawn_in_percent_of_its_axis(tmp_path):
    rows = [
        {"group": "a", "measure": "share_happiness", "clips": 3, "mean": 0.2, "low": 0.1, "high": 0.4},
        {"group": "b", "measure": "share_happiness", "clips": 1, "mean": 0.1, "low": None, "high": None},
        {"group": "a", "measure": "share_fear", "clips": 3, "mean": 0.0, "low": 0.0, "high": 0.0},
        {"group": "a", "measure": "mean_p_fear", "clips": 3, "mean": 0.5, "low": 0.1, "high": 0.9},
    ]
    differences = [{"group_a": "a", "group_b": "b", "measure": "share_happiness", "difference": 0.1, "low": 0.01, "high": 0.2}]
    differences.append(differences[0] | {"difference": 0.05, "low": -0.01})
    text = page(tmp_path, clip_measures=[clip("c")], groups=rows, differences=differences)
    assert "left: 25.00%; width: 75.00%" in text and "left: 50.00%" in text and "20% (10% to 40%)" in text and "b 10%" in text
    assert "Share of Fear" not in text and "<strong>+10.0</strong>" in text and text.count("<strong>") == 1 and "+1.0 to +20.0" in text


@pytest.mark.parametrize(("seconds", "is_said"), [(5.0, True), (4.9, False)])
def test_the_peak_of_a_pair_is_said_with_its_frames_where_they_are_many(tmp_path, seconds, is_said):
    lags = [
        {"clip": "c", "track_a": 1, "track_b": 2, "curve": "expressiveness", "lag_s": s, "frames": n, "correlation": r}
        for s, r, n in ((-1.0, 0.1, 40), (0.0, None, 50), (1.0, -0.8, 28))
    ]
    pairs = [{"clip": "c", "track_a": 1, "track_b": 2, "label": "Fear", "seconds": seconds, "both": 0.25, "expected": 0.1}]
    text = page(tmp_path, clip_measures=[clip("c")], pairs=pairs, lags=lags)
    assert ("strongest correlation of expressiveness -0.80 (n = 28 frames), face 2 1.0 s later" in text) is is_said
    assert ("strongest" in text) is ("<circle" in text) is is_said
    assert "the same label 25% of that time, 10% by chance" in text
    assert 'points="0.0,43.2 320.0,86.4"' in text
