# SPDX-License-Identifier: Apache-2.0
import argparse

import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.support.command_line import MISTAKE, Parser


def told(words, capsys) -> str:
    """What a command says of its words: one sentence."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    said = capsys.readouterr()
    assert stopped.value.code == MISTAKE and not said.out
    assert said.err.startswith("error: ") and said.err.count("\n") == 1
    return said.err.removeprefix("error: ").rstrip("\n")


PREDICT, SUMMARIZE, EVALUATE = ["predict", "a.mp4"], ["summarize", "output"], ["evaluate"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*PREDICT, "-hide"], "-hide: expected a value, found none: write -hide NAME (blur, pixelate or box: hide all faces in the files"),
        ([*PREDICT, "--hide", "-no_labels"], "-hide: expected a value, found none: write -hide NAME (blur"),
        ([*EVALUATE, "-split"], "-split: expected a value, found none: write one of val, test"),
        ([*EVALUATE, "-coarse"], "-coarse: expected a value, found none: write -coarse FILE (best.safetensors of coarse networks"),
        ([*EVALUATE, "-split", "train"], "-split: expected one of val, test, found 'train'"),
        (
            [*PREDICT, "-window", "few"],
            "-window: expected a whole number, found 'few': write -window FRAMES (smoothing window in frames",
        ),
        ([*PREDICT, "-fps", "a b"], "-fps: expected a number, found 'a b': write -fps RATE (treat pictures"),
        ([*PREDICT, "-windows", "0"], "expected an option, found -windows, which is none: did you mean -window?"),
        ([*PREDICT, "--format=csv"], "expected an option, found --format=csv, which is none: did you mean -formats?"),
        ([*PREDICT, "-vidoe", "b.mp4"], "expected an option, found -vidoe, which is none: did you mean -video?"),
        ([*PREDICT, "-hides", "blur"], "expected an option, found -hides, which is none: did you mean -hide?"),
        ([*PREDICT, "-q=1"], "-q: expected no value, found '1': leave it out"),
        ([*PREDICT, "--resume=1"], "-resume: expected no value, found '1': leave it out"),
        ([*SUMMARIZE, "--group", "a.csv"], "expected an option, found --group, which is none: did you mean -groups?"),
        ([*PREDICT, "-xyz"], "expected an option, found -xyz, which is none: `cfc-sp predict --help` lists the options"),
        ([*SUMMARIZE, "b", "c"], "expected no more words, found 'b c': leave them out"),
        (["summarize"], "expected FOLDER, found none: `cfc-sp summarize --help` says what that is"),
        (["port", "-out", "a"], "expected -cfg, -weights, found none: `cfc-sp port --help`"),
        ([], "expected command, found none: `cfc-sp --help`"),
        (["summarise"], "command: expected one of predict, summarize, train,"),
        ([*PREDICT, "-hide\x1b[2J"], "expected an option, found -hide\\x1b[2J, which is none"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_is_taken(words, sentence, capsys):
    assert told(words, capsys).startswith(sentence)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_without_its_value_says_what_it_takes(name, capsys):
    parser = Parser(prog=name)
    cli.COMMANDS[name].add_options(parser)
    for action in parser._actions:
        if action.option_strings and action.nargs in (None, "+"):
            said = told([name, action.option_strings[0]], capsys)
            shown = action.help is not argparse.SUPPRESS
            assert said.startswith(f"{action.option_strings[0]}: expected a value, found none: write ") and "(default" not in said
            assert not shown or said.endswith(f"one of {', '.join(action.choices)}" if action.choices else ")")
