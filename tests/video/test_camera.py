# SPDX-License-Identifier: Apache-2.0
"""What each platform is asked for; no camera is opened."""

import sys
import types

import av
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.camera import Camera, camera_of, is_camera


def test_a_number_or_a_device_file_is_a_camera():
    assert is_camera("0") and is_camera("12") and is_camera("/dev/video3")
    assert not is_camera("-1") and not is_camera("\u0663") and not is_camera("clip.mp4") and not is_camera("")


@pytest.mark.parametrize(
    ("platform", "word", "expected"),
    [
        ("linux", "2", Camera("/dev/video2", "v4l2")),
        ("linux", "/dev/video-front", Camera("/dev/video-front", "v4l2")),
        ("darwin", "1", Camera("1:none", "avfoundation", {"framerate": "30"})),
        ("win32", "1", Camera("video=Second camera", "dshow")),
    ],
)
def test_each_platform_opens_its_own(platform, word, expected, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    names = [("Microphone", ["audio"]), ("First camera", ["video"]), ("Second camera", ["audio", "video"])]
    devices = [types.SimpleNamespace(name=name, media_types=kinds) for name, kinds in names]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda format: devices if format == "dshow" else [])
    assert camera_of(word) == expected


def test_a_camera_that_windows_does_not_have_lists_those_it_has(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    devices = [types.SimpleNamespace(name="Front", media_types=["video"])]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda format: devices)
    with pytest.raises(UserError, match=r"found '3': 0 \(Front\)"):
        camera_of("3")
