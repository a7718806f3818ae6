# SPDX-License-Identifier: Apache-2.0
"""How long predict.py takes to its first frame: the whole run of a clip that has only one."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.support.errors import UserError
from tools.benchmarks.measuring import median_of, seconds_of
from tools.benchmarks.stream_copy import first_frame_of


def measure(arguments) -> Iterator[list[dict]]:
    """One row: seconds from the process's start to its end, with Paddle loaded, the bundle checked and one frame written as CSV."""
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        clip = Path(folder, "first.mkv")
        first_frame_of(arguments.video, clip)
        spent = seconds_of(lambda: predict_by_itself(clip, arguments.bundle, folder), arguments.runs)
    yield [{"clip": Path(arguments.video).name, "bundle": arguments.bundle, "unit": "s", **median_of(spent).row()}]


def predict_command(clip: Path, bundle: str, folder: str) -> list[str]:
    """The command line of predict.py that writes the clip's CSV below `folder`."""
    return [sys.executable, predict.__file__, "-video", str(clip), "-bundle", bundle, "-out", folder, "-formats", "csv", "-device", "cpu"]


def predict_by_itself(clip: Path, bundle: str, folder: str) -> None:
    """Runs predict.py in a process of its own; raises UserError with its last words where it fails."""
    done = subprocess.run(predict_command(clip, bundle, folder), capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"expected predict.py to read the clip, found: {done.stderr.strip().splitlines()[-1]}")
