# SPDX-License-Identifier: Apache-2.0
"""predict.py as a person calls it, and what it wrote."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.support.command_line import run_script
from tests.events import wait_until


def run(*words, out) -> int:
    """The exit code of predict.py with these words."""
    return run_script(predict, [*map(str, words), "-out", str(out)])


def rows_of(folder: Path) -> list[dict]:
    """The rows of a clip's folder."""
    with open(folder / "frames.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def json_of(folder: Path) -> dict:
    """The JSON of a clip's folder."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def only_folder(root: Path) -> Path:
    """The one folder in `root`."""
    (folder,) = root.iterdir()
    return folder


def start(address: str, out: Path, *words) -> subprocess.Popen:
    """predict.py in a process of its own."""
    command = [sys.executable, predict.__file__, "-video", address, "-out", str(out), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_as_on_a_terminal)


def _as_on_a_terminal() -> None:
    """A process group of its own, as a shell gives it. Undoes what is handed on: Ctrl-C is ignored in the background of a shell, and a
    terminal's end under nohup."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for_rows(out: Path, process: subprocess.Popen) -> None:
    """Until some rows are on the disk."""
    wait_until(lambda: any(path.read_bytes().count(b"\n") > 3 for path in out.glob("*/.frames.csv.part-*")), process)
