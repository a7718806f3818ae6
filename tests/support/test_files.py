# SPDX-License-Identifier: Apache-2.0
import hashlib
import os
import stat
import subprocess
import sys
import types

import pytest

from image_classification.CFC_SP.support import files
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import (
    AnonymousFile,
    atomic_path,
    git_sha,
    is_alive,
    make_folder,
    part_name,
    read_bounded,
    remove_dead_parts,
    sha256_of,
)


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        temporary.chmod(0o600)
        assert target.read_text() == "old" and temporary.suffix == ".csv" and temporary.name.startswith(".")
    assert target.read_text() == "new" and stat.S_IMODE(target.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_the_sum_is_that_of_the_bytes(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_package_outside_a_checkout_has_no_commit(tmp_path, monkeypatch):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    monkeypatch.setattr(files, "__file__", str(tmp_path / "a" / "b" / "c" / "files.py"))
    assert git_sha() == "unknown"


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_parts_of_the_dead_go_and_those_of_the_living_stay(tmp_path, gone):
    (tmp_path / f".part-{gone}-a.csv").write_text("half")
    (tmp_path / f".part-{gone}-mine-x1_y").mkdir()
    (tmp_path / f".part-{gone}-mine-x1_y" / "frame.json").touch()
    kept = [f".part-{os.getppid()}-a.csv", f".part-{gone}-b.csv", f".part-{gone}x-a.csv", ".part-a.csv", f"part-{gone}-a.csv"]
    for name in kept:
        (tmp_path / name).touch()
    with atomic_path(tmp_path / "a.csv") as part:
        assert part.name == part_name("a.csv") and is_alive(os.getpid()) and not is_alive(gone)
        part.write_text("whole")
    remove_dead_parts(tmp_path, "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "a.csv"])


def test_a_link_among_parts_is_not_followed(tmp_path, gone):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / f".part-{gone}-a").symlink_to(tmp_path / "kept")
    remove_dead_parts(tmp_path, "a")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]


def test_only_ordinary_files_of_a_known_size_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bounded(tmp_path / "a", 5) == b"12345"
    with pytest.raises(UserError, match="expected 4 bytes at most, found 5"):
        read_bounded(tmp_path / "a", 4)
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 36)
    with pytest.raises(UserError, match="found 68719476736"):
        read_bounded(tmp_path / "sparse", 4)
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("pipe", "a pipe"), (".", "a folder"), ("none", "No such file")):
        with pytest.raises(UserError, match=words):
            read_bounded(tmp_path / name, 4)


@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path, below):
    (tmp_path / "file").touch()
    told = f"-to: expected a folder, found a file at {tmp_path / 'file'}: move it away, or choose another -to"
    with pytest.raises(UserError, match=f"^{told}$"):
        make_folder(tmp_path / "file" / below, "-to")
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(UserError, match="found something else at .*/link: "):
        make_folder(tmp_path / "link")


def test_a_folder_is_made_with_those_above_it(tmp_path):
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_processes_of_windows_are_asked_for_without_a_signal(monkeypatch):
    """Signal 0 is Ctrl-C there."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "psutil", types.SimpleNamespace(pid_exists=lambda process: process == 7))
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
    assert is_alive(7) and not is_alive(8)


@pytest.mark.parametrize(
    "place", [(-1, os.SEEK_SET), (-9, os.SEEK_CUR), (-99, os.SEEK_END), (1 << 63, os.SEEK_SET), (1 << 70, os.SEEK_CUR)]
)
def test_a_place_that_is_none_is_an_error_number(tmp_path, place):
    (tmp_path / "a").write_bytes(b"0123456789")
    with open(tmp_path / "a", "rb") as file:
        anonymous = AnonymousFile(file)
        assert anonymous.seek(3) == 3 and anonymous.seek(*place) < 0
        assert anonymous.tell() == 3 and anonymous.read() == b"3456789"
