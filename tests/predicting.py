"""Calls of predict.py, in this process and in one of its own, and what they leave."""

import csv
import json
import signal
import subprocess
import sys

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.support.command_line import run_script
from tests.events import wait_until


def run(*words, out):
    """The exit code of predict.py with these words."""
    return run_script(predict, [*map(str, words), "-out", str(out)])


def rows_of(folder):
    with open(folder / "frames.csv", newline="") as file:
        return list(csv.DictReader(file))


def json_of(folder):
    return json.loads((folder / "result.json").read_text())


def start(address, out, *words, **own):
    command = [sys.executable, predict.__file__, "-video", address, "-out", str(out), *words]
    # Ctrl-C is ignored in the background of a shell, and by what is started there.
    own |= {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **own)


def wait_for_rows(out, process):
    """Until some rows are on the disk."""
    wait_until(lambda: any(path.read_bytes().count(b"\n") > 3 for path in out.glob("*/.frames.csv.part-*")), process)
