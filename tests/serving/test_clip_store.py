# SPDX-License-Identifier: Apache-2.0
"""What outlives a server: its clips, their order and files; and when they go."""

import sqlite3
import time

import pytest

from image_classification.CFC_SP.serving.clip_store import DONE, FAILED, WAITING, WORKING, ClipStore, StoredClip
from image_classification.CFC_SP.support.errors import UserError


@pytest.fixture
def store(tmp_path):
    store = ClipStore(tmp_path / "data")
    yield store
    store.close()


def add(store, name, size=100):
    """A clip with an upload and, in its results, a file of `size` bytes."""
    store.results(name).mkdir(parents=True)
    store.upload(name).write_bytes(b"upload")
    (store.results(name) / "frames.csv").write_bytes(bytes(size))
    return store.add(StoredClip(name, f"{name}.mp4", ("csv", "json"), {"stride": 2}, {"fps": 30.0}, created_s=1.5))


def test_a_clip_is_read_as_it_was_stored(store):
    stored = add(store, "a")
    assert stored.number == 1 and store.get("a") == stored and store.get("b") is None
    assert (stored.formats, stored.options, stored.source, stored.state) == (("csv", "json"), {"stride": 2}, {"fps": 30.0}, WAITING)
    assert store.files("a") == {"frames.csv": store.results("a") / "frames.csv"}


def test_one_server_has_a_folder_at_a_time(store):
    with pytest.raises(UserError, match="another one uses"):
        ClipStore(store.folder)


def test_data_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "state.sqlite").write_bytes(b"no database, whatever its name says, " * 50)
    with pytest.raises(UserError, match="cannot be read"):
        ClipStore(tmp_path / "a")
    ClipStore(tmp_path / "b").close()
    with sqlite3.connect(tmp_path / "b" / "state.sqlite") as database:
        database.execute("PRAGMA user_version = 9")
    with pytest.raises(UserError, match="version 9"):
        ClipStore(tmp_path / "b")
    (tmp_path / "c").write_text("a file")
    with pytest.raises(UserError, match="-data: expected a folder, found a file at .*choose another -data"):
        ClipStore(tmp_path / "c")


def test_after_a_kill_what_was_worked_on_waits_and_remains_are_removed(store):
    for name in "ab":
        add(store, name)
    assert store.begin("a").state == WORKING and store.first_waiting().id == "b"
    (store.home("orphan")).mkdir()
    store.recover()
    assert store.first_waiting().id == "a" and store.get("a").deaths == 0
    assert not store.home("orphan").exists() and store.upload("a").exists() and not store.results("a").exists()


def test_what_ended_keeps_its_sentence_and_its_upload_where_wanted(store):
    for name in "abc":
        add(store, name)
    store.finish("a")
    store.finish("b", "it is damaged")
    store.finish("c", keep_upload=True)
    assert [store.get(name).state for name in "abc"] == [DONE, FAILED, DONE] and store.get("b").error == "it is damaged"
    assert [store.upload(name).exists() for name in "abc"] == [False, False, True]
    assert [store.get(name).bytes for name in "abc"] == [100, 0, 106] and store.total_bytes() == 206
    assert not store.results("b").exists()


def test_a_kill_while_a_clip_ends_neither_loses_it_nor_leaves_its_upload(store, monkeypatch):
    def kill(*arguments, **keywords):
        raise KeyboardInterrupt

    add(store, "a")
    store.begin("a")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pathlib.Path.unlink", kill)
        store.finish("a")
    add(store, "kept")
    store.finish("kept", keep_upload=True)
    store.recover()
    assert store.get("a").state == DONE and not store.upload("a").exists() and store.upload("kept").exists()


def test_results_go_by_age_and_then_by_size_the_oldest_first(store):
    for name in "abcd":
        add(store, name)
    for name in "abc":
        store.finish(name)
    assert store.expire(3600, 300) == 0
    assert store.expire(3600, 250) == 1 and store.get("a") is None and not store.home("a").exists()
    assert store.expire(-1, 10**9) == 2
    # What waits stays, whatever its age.
    assert store.get("d").state == WAITING and store.upload("d").exists()
    assert store.get("d").created_s < time.time()
