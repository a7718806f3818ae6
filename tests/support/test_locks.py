# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import subprocess
import sys
import threading

import pytest

from image_classification.CFC_SP.support import locks
from image_classification.CFC_SP.support.locks import claim, one_at_a_time


def test_one_claim_at_a_time(tmp_path):
    with claim(tmp_path / "lock"):
        assert claim(tmp_path / "lock") is None
    with claim(tmp_path / "lock"):
        pass


def test_a_claim_ends_with_its_process(tmp_path):
    script = f"""
from pathlib import Path
from {claim.__module__} import claim
import os
claim(Path({str(tmp_path)!r}, "lock"))
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    with claim(tmp_path / "lock"):
        pass


def test_a_folder_is_held_as_long_as_the_block_lasts(tmp_path):
    other = os.open(tmp_path, os.O_RDONLY)
    with one_at_a_time(tmp_path), pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    assert not any(tmp_path.iterdir())


def test_where_no_folder_can_be_opened_a_file_in_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with one_at_a_time(tmp_path):
        assert claim(tmp_path / locks.STAND_IN) is None
    with claim(tmp_path / locks.STAND_IN):
        pass


def test_a_claim_may_end_in_another_thread(tmp_path):
    with claim(tmp_path / "lock") as lock:
        thread = threading.Thread(target=lock.release)
        thread.start()
        thread.join()
        with claim(tmp_path / "lock"):
            pass
