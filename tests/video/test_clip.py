# SPDX-License-Identifier: Apache-2.0
import cv2
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.clip import open_clip
from image_classification.CFC_SP.video.pictures import PictureReader
from tests import clips


def test_a_folder_is_read_as_pictures(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), clips.pictures(1)[0])
    with open_clip(tmp_path, fps=5) as reader:
        assert isinstance(reader, PictureReader) and reader.source.fps == 5 and len(list(reader)) == 1


def test_a_file_is_read_as_a_video(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(3))
    with open_clip(path) as reader:
        assert [frame.index for frame in reader] == [0, 1, 2]
    with pytest.raises(UserError, match="nothing at"):
        open_clip("none.mp4")
