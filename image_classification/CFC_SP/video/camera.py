# SPDX-License-Identifier: Apache-2.0
"""Cameras: what each platform's FFmpeg calls the camera of a number, and how it opens it.

Linux is tested. What macOS and Windows get is tested with their names put in the place of this one's, and has met no camera there.
"""

import sys
from dataclasses import dataclass, field

import av

from ..support.errors import UserError


@dataclass(frozen=True)
class Camera:
    """What FFmpeg opens: the name `file` in the input format `format`, with `options`."""

    file: str
    format: str
    options: dict[str, str] = field(default_factory=dict)


def is_camera(word: str) -> bool:
    """Whether `word` means a camera: a number from 0 on, or a device file of Linux, /dev/video..."""
    return (word.isascii() and word.isdigit()) or word.startswith("/dev/video")


def camera_of(word: str) -> Camera:
    """The camera that `word`, which `is_camera`, means on this platform. Raises UserError where there is no such number on Windows."""
    if sys.platform == "darwin":
        # Of the rates that a camera has, AVFoundation takes none by itself.
        return Camera(f"{word}:none", "avfoundation", {"framerate": "30"})
    if sys.platform == "win32":
        return Camera(_directshow_name(word), "dshow")
    return Camera(f"/dev/video{word}" if word.isdigit() else word, "v4l2")


def _directshow_name(word: str) -> str:
    """DirectShow knows cameras by name alone: that of the camera of a number."""
    names = [device.name for device in av.enumerate_input_devices("dshow") if "video" in device.media_types]
    if not word.isdigit() or int(word) >= len(names):
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        raise UserError(f"expected a camera that this machine has, found {word!r}: {known or 'there is none'}")
    name = names[int(word)]
    return name if name.startswith("video=") else f"video={name}"
