# SPDX-License-Identifier: Apache-2.0
"""Files behind addresses, in the store that fsspec keeps in memory."""

import os
import sys

import pytest

from image_classification.CFC_SP.support import remote_files
from image_classification.CFC_SP.support.errors import UserError

fsspec = pytest.importorskip("fsspec")
LAST = "result.json"


@pytest.fixture
def store():
    """The store's files by path; empty at first and at last."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files.store
    files.store.clear()


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    for name in (LAST, "frames.csv", "annotated.mp4"):
        (folder / name).write_text(f"new {name}")
    return folder


@pytest.fixture(params=["memory", "path", "file"])
def place(request, store, tmp_path):
    return {"memory": "memory://out/clip", "path": f"{tmp_path}/out/clip", "file": f"file://{tmp_path}/out/clip"}[request.param]


def content(place):
    return {name.rpartition("/")[2]: fsspec.open(name, "rt").open().read() for name in remote_files.files_in(place) or ()}


def test_an_address_has_a_scheme():
    assert all(map(remote_files.is_remote, ("s3://a/b.mp4", "memory://a", "file:///a")))
    assert not any(map(remote_files.is_remote, ("a.mp4", "/a/b", "C:\\a", "c://a", "a:b")))


def test_a_folder_is_copied_with_its_last_file_behind_all_others(place, results, monkeypatch):
    order, put = [], remote_files._put
    monkeypatch.setattr(remote_files, "_put", lambda files, source, path: (order.append(source.name), put(files, source, path)))
    remote_files.copy_whole(results, place, LAST)
    assert order == ["annotated.mp4", "frames.csv", LAST]
    assert content(place) == {name: f"new {name}" for name in order}


def test_what_is_replaced_goes(place, results):
    (results / "report.html").write_text("earlier")
    remote_files.copy_whole(results, place, LAST)
    (results / "report.html").unlink()
    remote_files.copy_whole(results, place, LAST, ("report.html", "frames.csv", LAST, "other"))
    assert set(content(place)) == {"annotated.mp4", "frames.csv", LAST}


def test_what_cannot_be_copied_whole_is_not_copied(place, results, monkeypatch):
    remote_files.copy_whole(results, place, LAST)
    put = remote_files._put

    def fails(files, source, path):
        if source.name == "frames.csv":
            raise PermissionError("no more")
        put(files, source, path)

    monkeypatch.setattr(remote_files, "_put", fails)
    with pytest.raises(UserError, match="clip: cannot be read or written .no more"):
        remote_files.copy_whole(results, place, LAST)
    assert not content(place)


def test_a_copy_that_was_cut_off_has_no_last_file(place, results, monkeypatch):
    remote_files.copy_whole(results, place, LAST)

    def killed(files, source, path):
        assert LAST not in content(place)
        raise SystemExit

    monkeypatch.setattr(remote_files, "_put", killed)
    with pytest.raises(SystemExit):
        remote_files.copy_whole(results, place, LAST)


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_two_that_copy_the_same_results_leave_them_whole(moment, results, tmp_path, monkeypatch):
    place, sync, calls = f"{tmp_path}/out/clip", os.fsync, []

    def meanwhile(handle):
        calls.append(handle)
        if len(calls) == moment:
            remote_files.copy_whole(results, place, LAST)
        sync(handle)

    monkeypatch.setattr(remote_files.os, "fsync", meanwhile)
    remote_files.copy_whole(results, place, LAST)
    assert content(place) == {name: f"new {name}" for name in (LAST, "frames.csv", "annotated.mp4")}


def test_a_file_is_fetched_with_its_size_and_time(place, tmp_path):
    remote_files.write_whole(f"{place}/a.mp4", b"12345")
    copy = remote_files.fetch(f"{place}/a.mp4", tmp_path)
    size, modified_s = remote_files.size_and_time(f"{place}/a.mp4")
    assert copy.name == "a.mp4" and copy.read_bytes() == b"12345" and size == 5
    assert abs(copy.stat().st_mtime - modified_s) < 1e-3


def test_folders_are_listed(store):
    for name in ("b.mp4", "a.mp4", "in/c.mp4"):
        remote_files.write_whole(f"memory://clips/{name}", b"x")
    assert remote_files.files_in("memory://clips") == ["memory:///clips/a.mp4", "memory:///clips/b.mp4"]
    assert len(remote_files.files_in("memory://clips", recursive=True)) == 3
    assert remote_files.files_in("memory://clips/a.mp4") is None
    assert remote_files.is_file("memory://clips/a.mp4") and not remote_files.is_file("memory://clips/no.mp4")


@pytest.mark.parametrize(
    ("place", "told"), [("memory://no.mp4", "expected a file or folder there, found none"), ("nothing://a", "cannot be read or written")]
)
def test_what_is_not_there_is_told(place, told, store):
    with pytest.raises(UserError, match=told):
        remote_files.size_and_time(place)


def test_without_fsspec_its_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UserError, match=r"pip install 'cfc-sp\[scale\]'"):
        remote_files.is_file("s3://a")
