# SPDX-License-Identifier: Apache-2.0
"""What words and lines of a list stand for."""

import pytest

from image_classification.CFC_SP.prediction.clip_list import list_clips, read_manifest
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.remote_files import write_whole


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clips").mkdir()
    for name, size in (("a.mp4", 3), ("b.mov", 5), ("notes.md", 1)):
        (tmp_path / "clips" / name).write_bytes(b"x" * size)
    return tmp_path


def test_a_list_names_paths_from_its_own_folder_and_addresses(folder):
    path = folder / "list.txt"
    path.write_bytes(b"\xef\xbb\xbf# the first day\nclips/a.mp4\r\n\n  s3://bucket/c.mp4  \n/else/d.mp4\nclips\n")
    assert read_manifest(str(path)) == [f"{folder}/clips/a.mp4", "s3://bucket/c.mp4", "/else/d.mp4", f"{folder}/clips"]


def test_each_clip_is_listed_once_with_its_size(folder):
    (folder / "list.txt").write_text("clips/a.mp4\nclips\nnone.mp4\n")
    clips, notes = list_clips([str(folder / "list.txt"), str(folder / "clips" / "b.mov")])
    assert [(clip.source, clip.name, clip.size) for clip in clips] == [
        (f"{folder}/clips/a.mp4", "a", 3),
        (f"{folder}/clips/b.mov", "b", 5),
        (f"{folder}/none.mp4", "none", 0),
    ]
    assert len(notes) == 1 and "notes" not in clips


def test_a_list_without_clips_is_told(folder):
    (folder / "list.txt").write_text("# none\n")
    with pytest.raises(UserError, match="-video: expected clips, found none"):
        list_clips([str(folder / "list.txt")])


def test_a_list_of_another_encoding_is_told(folder):
    (folder / "list.txt").write_text("clips/b.mov\n", encoding="utf-16")
    with pytest.raises(UserError, match="expected text in UTF-8, found a zero byte"):
        list_clips([str(folder / "list.txt")])


def test_the_videos_behind_an_address(folder):
    pytest.importorskip("fsspec")
    for name in ("a.mp4", "read.me", "deep/b.mp4"):
        write_whole(f"memory://listed/{name}", b"1234")
    write_whole("memory://listed/list.txt", b"a.mp4\n")
    assert [(clip.source, clip.size) for clip in list_clips(["memory://listed"])[0]] == [("memory:///listed/a.mp4", 4)]
    assert len(list_clips(["memory://listed"], recursive=True)[0]) == 2
    assert [clip.source for clip in list_clips(["memory://listed/list.txt"])[0]] == ["memory://listed/a.mp4"]
    (clip,), _ = list_clips(["memory://listed/deep/none"])
    assert clip.size == 0 and clip.fault is None


def test_an_address_with_a_secret_is_neither_kept_nor_opened():
    (clip,), _ = list_clips(["https://me:secret@host/a.mp4?key=secret"])
    assert "secret" not in clip.source + clip.fault and "without a password" in clip.fault
