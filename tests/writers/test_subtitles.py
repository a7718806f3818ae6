"""Subtitles, as another library reads them."""

import pysubs2
import pytest

from image_classification.CFC_SP.writers.subtitles import write_srt, write_vtt
from tests.writers.annotations import MADE_UP


@pytest.mark.parametrize(("write", "voice"), [(write_vtt, True), (write_srt, False)])
def test_a_cue_is_an_interval(tmp_path, write, voice):
    write(tmp_path / "file", MADE_UP)
    cues = pysubs2.load(str(tmp_path / "file"), keep_html_tags=True)
    assert [(cue.start, cue.end) for cue in cues] == [(40, 1234), (500, 3000), (1234, 2000), (2400, 3601001)]
    assert cues[2].text == "<v track 1>" * voice + "track 1: Happiness (0.88)"
    text = (tmp_path / "file").read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n1\n00:00:00.040 --> 00:00:01.234\n" if voice else "1\n00:00:00,040 --> 00:00:01,234\n")
