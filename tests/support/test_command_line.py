# SPDX-License-Identifier: Apache-2.0
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


@pytest.mark.parametrize(("given", "told"), [(["-q"], "expected -video, found none"), (["a", "-none"], "expected an option, found -none")])
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


SPEAKER = """
import sys
from image_classification.CFC_SP.support.command_line import guarded, open_standard_streams
from image_classification.CFC_SP.support.errors import UserError

IMPORTS_PADDLE = False

def run(arguments):
    with open(sys.argv[1], "w") as file:
        print("said")
        print("told", file=sys.stderr)
        file.write("done")
    if sys.argv[2:]:
        faults = UserError("a mistake"), MemoryError(), ImportError("a.so: failed to map segment"), OSError(24, "no")
        raise dict(zip(("mistake", "memory", "map", "files"), faults, strict=True))[sys.argv[2]]

open_standard_streams()
sys.exit(guarded(run, None))
"""
# The package is found from anywhere.
ENVIRONMENT = os.environ | {"PYTHONPATH": os.getcwd()}


def spoken(tmp_path, streams="", *words):
    command = f"exec '{sys.executable}' -P -c '{SPEAKER.replace(chr(39), '')}' '{tmp_path / 'file'}' {' '.join(words)} {streams}"
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=ENVIRONMENT, check=False)


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_closed_streams_are_no_fault(tmp_path, streams):
    done = spoken(tmp_path, streams)
    assert (done.returncode, (tmp_path / "file").read_text()) == (0, "done")
    assert done.stdout in ("", "said\n") and done.stderr in ("", "told\n")


@pytest.mark.parametrize(
    ("streams", "words", "told"),
    [
        (">/dev/full", [], "error: cannot write to standard output (No space left on device): everything else is done\n"),
        (">/dev/full 2>/dev/full", [], ""),
        ("2>/dev/full", ["mistake"], ""),
        ("", ["memory"], "error: expected more memory than there is for this process"),
        ("", ["files"], "error: expected to open more files than this process may"),
        ("", ["map"], "error: expected more memory than there is for this process"),
    ],
)
def test_what_cannot_be_said_or_held_is_one_sentence_at_most(tmp_path, streams, words, told):
    done = spoken(tmp_path, streams, *words)
    assert (done.returncode, (tmp_path / "file").read_text()) == (2, "done")
    assert done.stderr.removeprefix("told\n").startswith(told) and done.stderr.count("\n") == (2 if told else 0)


def test_a_working_directory_that_is_gone_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = spoken(tmp_path)
    # The shell says so, too.
    said = [line for line in done.stderr.splitlines() if not line.startswith("shell-init")]
    assert done.returncode == 2 and len(said) == 1 and said[0].startswith("error: expected an existing working directory")
