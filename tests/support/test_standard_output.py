# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

from image_classification.CFC_SP.support.standard_output import standard_output_for_data

PROGRAM = """
import os, sys
from image_classification.CFC_SP.support.standard_output import standard_output_for_data
with standard_output_for_data() as file:
    print("words")
    os.system("echo of a child")
    file.write(b"data\\n")
print("after")
"""


def test_only_data_reaches_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "data\nafter\n") and sorted(done.stderr.split("\n")) == ["", "of a child", "words"]


def test_a_reader_that_has_gone_is_no_fault():
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert "BrokenPipe" not in process.communicate()[1].partition("words")[0]


def test_one_in_memory_is_given_as_it_is(capsys):
    with standard_output_for_data() as file:
        print("words")
        file.write(b"data\n")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("data\n", "words\n")
