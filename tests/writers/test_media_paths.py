# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from image_classification.CFC_SP.writers.media_paths import relative_path, with_slashes


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/clip.mp4", "../clip.mp4"),
        ("/a/b/c/clip.mp4", "./clip.mp4"),
        ("/a/b/c/..clip.mp4", "./..clip.mp4"),
        ("/x/c l.mp4", "../../../x/c l.mp4"),
    ],
)
def test_the_way_from_the_folder(path, expected):
    assert relative_path(path, "/a/b/c") == expected


def test_on_another_drive_the_path_is_whole(monkeypatch):
    def other_drive(path, start):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    assert relative_path("D:/clip.mp4", "C:/out") == "D:/clip.mp4"


def test_what_no_text_file_may_hold_is_replaced():
    assert with_slashes("/a\x01/\udc80.mp4") == "/a\ufffd/\ufffd.mp4"
