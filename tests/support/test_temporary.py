# SPDX-License-Identifier: Apache-2.0
"""Temporary folders: none outlives its process for long."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.temporary import remove_folders_of, temporary_folder


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_lasts_as_long_as_the_block(root):
    with pytest.raises(KeyError), temporary_folder() as path:
        (Path(path) / "a").touch()
        assert Path(path).parent == root
        raise KeyError
    assert not list(root.iterdir())


def test_what_a_killed_process_left_goes_and_nothing_else(root):
    program = (
        "import os; from image_classification.CFC_SP.support.temporary import temporary_folder; "
        "folder = temporary_folder(); folder.__enter__(); os._exit(1)"
    )
    # The second one cleans up as well, but the first one's folder may be one that is not locked yet.
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], env=os.environ | {"TMPDIR": str(root)}, check=False)
    left = list(root.iterdir())
    assert len(left) == 2
    foreign = root / "cfc-sp-cam-1"
    foreign.mkdir()
    with temporary_folder() as path:
        for folder in (*left, foreign, Path(path)):
            os.utime(folder, (1, 1))
        with temporary_folder() as inner:
            assert {Path(path), Path(inner), foreign} == set(root.iterdir())
    assert list(root.iterdir()) == [foreign]


def test_no_place_for_one_is_one_sentence(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    with pytest.raises(UserError, match="set TMPDIR"), temporary_folder():
        pass


def test_a_full_disk_is_one_sentence():
    with pytest.raises(UserError, match="No space left on device"), temporary_folder():
        raise OSError(28, "No space left on device")


def test_what_a_worker_left_goes_with_it(root):
    made, of_others = root / "cfc-sp-tmp-12-a", root / "cfc-sp-tmp-123-a"
    for folder in (made, of_others):
        folder.mkdir()
    with temporary_folder() as own:
        for process in (12, os.getpid()):
            remove_folders_of(process)
        # The one of a process that lives is locked.
        assert set(root.iterdir()) == {of_others, Path(own)}
