# SPDX-License-Identifier: Apache-2.0
"""Measures what an installation takes: the packages, megabytes and seconds of each set of extras in a bare environment.

python tools/measure_install.py
python tools/measure_install.py -extras cpu onnx cpu,report,train -untimed
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.tables.rooms import RESULTS, SPEED

IMPORTS_PADDLE = False
ROOT = Path(__file__).resolve().parents[1]


def add_options(parser: Parser) -> None:
    parser.option("extras", nargs="+", default=["onnx", "openvino", "cpu", "all"], metavar="LIST", help="sets of extras, joined by commas")
    parser.option("untimed", action="store_true", help="leave the seconds empty: the machine does other things, too")
    parser.option("out", type=Path, default=RESULTS / SPEED / "install.csv", metavar="CSV", help="receives a row a set")


def run(arguments) -> None:
    from tools.benchmarks.measuring import append_rows

    for extras in arguments.extras:
        row = measure(extras, install)
        if arguments.untimed:
            row["seconds"] = ""
        print(f"{extras}: {row['packages']} packages, {row['mb']} MB, {row['seconds'] or '-'} s", flush=True)
        append_rows(arguments.out, [row])


def measure(extras: str, install: Callable[[Path, str], None]) -> dict:
    """One row: what `install(environment's folder, extras)` puts into a bare environment of this Python."""
    from image_classification.CFC_SP.support.files import git_sha

    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        venv.create(folder, with_pip=True)
        before, begin = size_mb(Path(folder)), time.perf_counter()
        install(Path(folder), extras)
        seconds = time.perf_counter() - begin
        packages = len(list(Path(folder).glob("**/*.dist-info"))) - 2  # without pip and setuptools
        found = {"extras": extras, "python": platform.python_version(), "platform": f"{sys.platform} {platform.machine()}"}
        return found | {"packages": packages, "mb": size_mb(Path(folder)) - before, "seconds": round(seconds), "git_sha": git_sha()}


def install(folder: Path, extras: str) -> None:
    """Installs this checkout with those extras, in the versions that the tests run on."""
    words = ["-m", "pip", "install", "--quiet", "--no-cache-dir", "-c", str(ROOT / "constraints.txt"), f"{ROOT}[{extras}]"]
    subprocess.run([str(folder / ("Scripts" if os.name == "nt" else "bin") / "python"), *words], check=True)


def size_mb(folder: Path) -> int:
    """What the files below a folder take, in MB."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
