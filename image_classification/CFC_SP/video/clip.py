# SPDX-License-Identifier: Apache-2.0
"""What can be given as a clip: a video file, a picture or a folder of pictures."""

import os

from ..core.span import WHOLE, Span
from .pictures import PictureReader, is_picture
from .reader import VideoReader, open_video

VIDEO_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mkv", ".mk3d", ".webm", ".avi", ".divx", ".wmv", ".asf", ".flv", ".gif"),
    *(".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".mts", ".m2t", ".m2ts", ".mod", ".tod", ".mxf", ".dv", ".ogv", ".ogm"),
    *(".rm", ".rmvb", ".nut", ".ivf", ".obu", ".y4m", ".mjpg", ".mjpeg", ".h264", ".264", ".avc", ".h265", ".265", ".hevc"),
)
"""Names of files in a folder that end so are tried as videos; a file that is named itself is tried whatever its name is."""


def open_clip(
    path: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None
) -> VideoReader | PictureReader:
    """A reader of the video file, the picture or the folder of pictures at `path`; `fps` is that of pictures (None: they are unrelated)
    and of raw streams, `max_pixels` the most pixels of a frame. Raises UserError as they do."""
    reader = PictureReader if os.path.isdir(path) or is_picture(path) else open_video
    return reader(path, span, fps, max_pixels)
