# SPDX-License-Identifier: Apache-2.0
"""Which clips are meant, and what is said of the rest."""

import os
from pathlib import Path

import pytest

from image_classification.CFC_SP.prediction.clip_search import find_clips


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(root, *paths, recursive=False):
    clips, notes = find_clips(paths or [root], recursive)
    assert all(clip.fault is None for clip in clips)
    return [str(clip.path.relative_to(root)) for clip in clips], [note.replace(str(root), "ROOT") for note in notes]


def test_a_folder_stands_for_its_videos_in_natural_order(tmp_path):
    make(tmp_path, "b10.mp4", "b2.MOV", ".hidden.mp4", "a.mkv")
    assert found(tmp_path) == (["a.mkv", "b2.MOV", "b10.mp4"], [])
    assert [clip.name for clip in find_clips([tmp_path])[0]] == ["a", "b2", "b10"]


@pytest.mark.parametrize("ending", [".asf", ".3g2", ".f4v", ".dv", ".h264", ".m2v", ".RM"])
def test_what_may_be_a_video_is_tried(tmp_path, ending):
    make(tmp_path, f"clip{ending}")
    assert found(tmp_path) == ([f"clip{ending}"], [])


def test_what_is_left_out_is_told(tmp_path):
    make(
        tmp_path,
        "a.mp4",
        "b.mp4",
        "1.png",
        "2.jpg",
        "chat.txt",
        "notes.TXT",
        "README",
        "sound.m4a",
        "in/c.mp4",
        "in/d.mp4",
        "deep/er/e.mp4",
    )
    make(tmp_path, "output/a/annotated.mp4", "output/a/frames.csv")
    assert found(tmp_path) == (
        ["a.mp4", "b.mp4"],
        [
            "'ROOT': 2 videos. Left out: 2 pictures, since a folder that has videos is read for videos only; "
            "4 files whose names are not those of videos (.m4a, .txt, README); videos in 2 folders inside it, which -recursive includes."
        ],
    )


def test_what_is_no_file_is_told_as_that(tmp_path):
    make(tmp_path, "a.mp4")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dead.mp4").symlink_to(tmp_path / "none.mp4")
    clips, notes = found(tmp_path)
    assert clips == ["a.mp4"]
    assert notes == ["'ROOT': 1 video. Left out: 2 names of a pipe, a device or a link that leads nowhere."]


def test_folders_inside_are_looked_into_where_that_is_asked(tmp_path):
    make(
        tmp_path,
        "b.mp4",
        "2/zoom_0.mp4",
        "2/chat.txt",
        "10/zoom_0.mp4",
        "10/1.png",
        ".git/x.mp4",
        "10/deep/er/c.mkv",
        "output/b/frames.csv",
    )
    make(tmp_path, "output/b/annotated.mp4", "output/b/result.json")
    (tmp_path / "2" / "back").symlink_to(tmp_path)
    paths, (note,) = found(tmp_path, recursive=True)
    assert paths == ["b.mp4", "2/zoom_0.mp4", "10/zoom_0.mp4", "10/deep/er/c.mkv"]
    assert note == (
        "'ROOT': 4 videos. Left out: 1 picture, since a folder that has videos is read for videos only; "
        "1 annotated video of earlier results; 1 file whose names are not those of videos (.txt)."
    )


def test_a_folder_with_videos_in_folders_alone_says_so(tmp_path):
    make(tmp_path, "2/zoom_0.mp4", "10/zoom_0.mp4", "notes.txt")
    ((clip,), notes) = find_clips([tmp_path])
    assert clip.fault.endswith("found videos in 2 folders inside it: add -recursive") and not notes


def test_a_folder_without_videos_is_a_clip_of_pictures(tmp_path):
    make(tmp_path, "faces/1.png", "faces/2.png", "faces/list.csv", "more/3.png", "empty/none.txt")
    ((clip,), (note,)) = find_clips([tmp_path / "faces"])
    assert (clip.path, clip.name) == (tmp_path / "faces", "faces") and "1 folder of pictures. Left out: 1 file" in note
    assert found(tmp_path, recursive=True)[0] == ["faces", "more"]


def test_what_is_no_clip_is_left_to_the_reader(tmp_path):
    (tmp_path / "empty").mkdir()
    make(tmp_path, "a.unknown")
    assert found(tmp_path, tmp_path / "empty", tmp_path / "a.unknown", tmp_path / "none.mp4") == (["empty", "a.unknown", "none.mp4"], [])
    assert find_clips([Path("none.mp4")])[0][0].name == "none"


def test_a_folder_that_cannot_be_listed_is_one_failing_clip(tmp_path, monkeypatch):
    make(tmp_path, "a.mp4")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found(tmp_path, recursive=True) == (["."], [])
