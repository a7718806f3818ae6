# SPDX-License-Identifier: Apache-2.0
"""Subtitles, as another library reads them."""

from dataclasses import replace

import pysubs2
import pytest

from image_classification.CFC_SP.core.annotation import Annotation, Interval
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.subtitles import read_subtitles, write_srt, write_vtt
from tests.writers.annotations import MADE_UP


@pytest.mark.parametrize(("write", "voice"), [(write_vtt, True), (write_srt, False)])
def test_a_cue_is_an_interval(tmp_path, write, voice):
    write(tmp_path / "file", MADE_UP)
    cues = pysubs2.load(str(tmp_path / "file"), keep_html_tags=True)
    assert [(cue.start, cue.end) for cue in cues] == [(40, 1234), (500, 3000), (1234, 2000), (2400, 3601001)]
    assert cues[2].text == "<v track 1>" * voice + "track 1: Happiness (0.88)"
    text = (tmp_path / "file").read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n1\n00:00:00.040 --> 00:00:01.234\n" if voice else "1\n00:00:00,040 --> 00:00:01,234\n")


@pytest.mark.parametrize("write", [write_vtt, write_srt])
def test_what_was_written_is_read_back(tmp_path, write):
    write(tmp_path / "file", MADE_UP)
    found = read_subtitles(tmp_path / "file")
    assert found.intervals == tuple(replace(i, confidence=round(i.confidence, 2)) for i in MADE_UP.intervals)


def test_cues_of_people_are_read(tmp_path):
    cues = "00:01.000 --> 00:02.500 align:start\n<v Ann>happy</v>\n\nlast\n01:00:00.000 --> 01:00:01.000\n<b>Left</b>: very\nsad\n"
    text = f"WEBVTT - made by hand\n\nNOTE a b\n\n{cues}"
    (tmp_path / "a.vtt").write_text(text, encoding="utf-8")
    assert read_subtitles(tmp_path / "a.vtt").intervals == (
        Interval("Ann", 1.0, 2.5, "happy"),
        Interval("Left", 3600.0, 3601.0, "very sad"),
    )


def test_no_cue_is_no_interval(tmp_path):
    write_vtt(tmp_path / "a.vtt", Annotation((), ()))
    write_srt(tmp_path / "a.srt", Annotation((), ()))
    assert not read_subtitles(tmp_path / "a.vtt").intervals and not read_subtitles(tmp_path / "a.srt").intervals


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a letter", "no cue in it"),
        ("1\n00:00:02,000 --> 00:00:01,000\nhappy\n", "ends after it begins"),
        ("1\n00:00:01,000 --> 00:00:02,000\n" + "<a" * 5000, "a cue of 10"),
        ("1\n00:00:01,000 --> 00:00:02,000\n" + "\n1" * 5000, "a cue of 10"),
    ],
)
def test_what_are_no_subtitles_is_told(tmp_path, content, told):
    (tmp_path / "a.srt").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"a.srt: expected WebVTT or SubRip subtitles, found none .*{told}"):
        read_subtitles(tmp_path / "a.srt")
