from pathlib import Path

import cv2
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.clip import find_clips, open_clip
from image_classification.CFC_SP.video.pictures import PictureReader
from tests import clips


def test_a_folder_stands_for_its_videos_in_natural_order(tmp_path):
    for name in ("b10.mp4", "b2.MOV", ".hidden.mp4", "notes.txt", "a.mkv"):
        (tmp_path / name).touch()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "c.mp4").touch()
    assert [(clip.path.name, clip.name) for clip in find_clips([tmp_path])] == [("a.mkv", "a"), ("b2.MOV", "b2"), ("b10.mp4", "b10")]


def test_a_folder_without_videos_is_a_clip_of_pictures(tmp_path):
    (tmp_path / "faces").mkdir()
    cv2.imwrite(str(tmp_path / "faces" / "1.png"), clips.pictures(1)[0])
    (clip,) = find_clips([tmp_path / "faces"])
    assert (clip.path, clip.name) == (tmp_path / "faces", "faces")
    with open_clip(clip.path, fps=5) as reader:
        assert isinstance(reader, PictureReader) and reader.source.fps == 5 and len(list(reader)) == 1


def test_no_two_clips_share_a_name(tmp_path):
    paths = [tmp_path / "one" / "a.mp4", tmp_path / "two" / "a.mp4", tmp_path / "a-2.mp4", tmp_path / "a.mkv"]
    names = [clip.name for clip in find_clips(paths)]
    assert names[:2] == ["a", "a-2"] and len(set(names)) == 4


def test_a_file_is_read_as_a_video(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(3))
    with open_clip(path) as reader:
        assert [frame.index for frame in reader] == [0, 1, 2]
    assert find_clips([Path("none.mp4")])[0].name == "none"
    with pytest.raises(UserError, match="nothing at"):
        open_clip("none.mp4")
