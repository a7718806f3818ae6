# SPDX-License-Identifier: Apache-2.0
"""How a clip is looked at, from the words of a command line."""

import argparse

import pytest

from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.prediction.clip_arguments import add_clip_options, add_output_options, clip_options_of, formats_of
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.support.command_line import Parser
from image_classification.CFC_SP.support.errors import UserError


def options_of(*words: str, output: bool = True) -> ClipOptions:
    parser = Parser()
    add_clip_options(parser)
    if output:
        add_output_options(parser)
    return clip_options_of(parser.parse_args(words))


@pytest.mark.parametrize("output", [True, False])
def test_nothing_given_is_what_the_library_takes(output):
    assert options_of(output=output) == ClipOptions()


def test_every_word_is_taken():
    words = "-start 1 -end 0:02 -stride 3 -window 4 -smoothing logits -prior 0.5 -search every -fps 5 -max_pixels 6 -min_confidence 0.7"
    found = options_of(*words.split(), "-min_segment", "0.8")
    assert found == ClipOptions(4, Span(1.0, 2.0, 3), 5.0, "every", "logits", "0.5", 6, min_confidence=0.7, min_segment=0.8)
    assert options_of("-hide", "blur", "-no_labels") == ClipOptions(hide="blur", labels=False)


@pytest.mark.parametrize(
    ("formats", "videos", "write"),
    [
        ("csv", ["a.mp4", "html"], "csv,html"),
        ("csv,", ["html", "a.mp4"], "csv,html"),
        ("csv", ["a.mp4", ",png,html"], "csv,png,html"),
        ("csv, html", ["a.mp4"], "csv,html"),
        ("csv,,json", ["a.mp4"], "csv,json"),
        ("", ["a.mp4"], "csv,html"),
    ],
)
def test_blanks_between_formats_are_told(formats, videos, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = f"^-formats: expected names joined by commas, without blanks, found .*: write -formats {write}$"
    with pytest.raises(UserError, match=told):
        formats_of(argparse.Namespace(formats=formats, video=videos))


def test_a_folder_may_bear_a_format_s_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "html").mkdir()
    assert formats_of(argparse.Namespace(formats="csv,json", video=["html", "a,b", ","])) == ("csv", "json")
