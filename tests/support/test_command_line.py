import os
import subprocess
import sys

import pytest

from image_classification.CFC_SP.support.command_line import Parser, guarded


def test_a_reader_that_leaves_ends_a_script_in_silence():
    reading, writing = os.pipe()
    os.close(reading)
    program = """
import sys
from image_classification.CFC_SP.support.command_line import Parser, guarded

IMPORTS_PADDLE = False

def run(arguments):
    print("a line" * 99999)

sys.exit(guarded(run, None))
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_broken_pipe_of_our_own_is_a_fault(capfd):
    def run(arguments):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        guarded(run, None)


@pytest.mark.parametrize(
    "given",
    [["a"], ["-video", "a"], ["-q", "a"], ["a", "-q"], ["-fps", "3", "a"], ["--", "a"]],
)
def test_words_belong_to_their_option(given):
    assert parse_words(given).video == ["a"]


def test_words_may_stand_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-b").touch()
    assert sorted(parse_words(["a", "-q", "-b", "-fps", "3", "c", "-video", "d", "e"]).video) == ["./-b", "a", "c", "d", "e"]


@pytest.mark.parametrize(("given", "told"), [(["-q"], "required: -video"), (["a", "-none"], "unrecognized arguments: -none")])
def test_what_is_missing_or_unknown_is_told(given, told, capsys):
    with pytest.raises(SystemExit):
        parse_words(given)
    assert told in capsys.readouterr().err


def parse_words(given):
    parser = Parser()
    parser.option("video", nargs="+")
    parser.words("video")
    parser.option("fps", type=float)
    parser.option("q", action="store_true")
    return parser.parse_args(given)
