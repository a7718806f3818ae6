import os
import subprocess
import sys

import pytest

from image_classification.CFC_SP.support.command_line import guarded


def test_a_reader_that_leaves_ends_a_script_in_silence():
    reading, writing = os.pipe()
    os.close(reading)
    program = """
import sys
from image_classification.CFC_SP.support.command_line import guarded

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
