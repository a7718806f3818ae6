# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.process_pool import in_processes
from tests.events import wait_until


def halve(number):
    if number % 2:
        raise UserError(f"{number} is odd")
    if number == 100:
        os._exit(1)
    return number // 2, os.getpid()


def test_results_and_errors_come_by_name():
    results = dict(in_processes(halve, {"four": (4,), "five": (5,), "six": (6,)}, 1, "numbers"))
    assert results["four"]()[0] == 2 and results["six"]()[0] == 3
    assert results["four"]()[1] != os.getpid()
    with pytest.raises(UserError, match="5 is odd"):
        results["five"]()


def test_a_worker_that_was_killed_is_reported():
    with pytest.raises(UserError, match="a worker process was ended from outside"):
        list(in_processes(halve, {"end": (100,)}, 1, "numbers"))
    with pytest.raises(UserError, match="-jobs: expected 1 or more, found 0"):
        list(in_processes(halve, {}, 0, "numbers"))


def announce_and_wait(path):
    path.write_text(str(os.getpid()))
    signal.pause()


def test_workers_end_with_a_killed_parent(tmp_path):
    program = (
        "from pathlib import Path\nfrom tests.support import test_process_pool as t\n"
        f"if __name__ == '__main__': list(t.in_processes(t.announce_and_wait, {{'a': (Path({str(tmp_path / 'worker')!r}),)}}, 1, 'a'))"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    root = str(Path(__file__).resolve().parents[2])
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": root}, stderr=subprocess.DEVNULL)
    wait_until(lambda: (tmp_path / "worker").is_file() and (tmp_path / "worker").read_text(), parent)
    worker = int((tmp_path / "worker").read_text())
    os.kill(worker, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not is_alive(worker))


def is_alive(process: int) -> bool:
    """A process that has ended may stay listed as a zombie where nobody waits for it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
