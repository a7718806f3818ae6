# SPDX-License-Identifier: Apache-2.0
"""Small clips of many kinds, and seeded damage to their bytes."""

from pathlib import Path

import numpy as np

from tests import clips

KINDS = (
    ("h264.mp4", "libx264", "yuv420p", True),
    ("h264.mkv", "libx264", "yuv420p", False),
    ("h264.ts", "libx264", "yuv420p", True),
    ("hevc.mp4", "libx265", "yuv420p10le", False),
    ("vp9.webm", "libvpx-vp9", "yuv420p", False),
    ("av1.mp4", "libsvtav1", "yuv420p", False),
    ("mpeg4.avi", "mpeg4", "yuv420p", False),
    ("mjpeg.mov", "mjpeg", "yuvj420p", False),
    ("picture.gif", "gif", "rgb8", False),
    ("ffv1.mkv", "ffv1", "yuv444p", False),
    ("wma.wmv", "wmv2", "yuv420p", "wmav2"),
    ("ac3.mkv", "libx264", "yuv420p", "ac3"),
    ("mp2.ts", "mpeg2video", "yuv420p", "mp2"),
    ("mp2.mpg", "mpeg2video", "yuv420p", "mp2"),
    ("mp3.avi", "mpeg4", "yuv420p", "libmp3lame"),
    ("opus.webm", "libvpx", "yuv420p", "libopus"),
    ("vorbis.mkv", "libvpx", "yuv420p", "vorbis"),
    ("pcm.mov", "mjpeg", "yuvj420p", "pcm_s16le"),
)
SOUNDING = tuple(name for name, _, _, sound in KINDS if sound)
FRAMES = 16


def write_originals(folder: Path) -> list[Path]:
    """One whole clip of each kind."""
    frames = clips.pictures(FRAMES, 64, 64)
    return [
        clips.write_clip(
            folder / name, frames, codec=codec, pix_fmt=pix_fmt, gop=5, sound=sound, index_first=name.endswith((".mp4", ".mov"))
        )
        for name, codec, pix_fmt, sound in KINDS
    ]


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """`data` with flipped bytes (few to many, anywhere or in the head), noise or zeros over a stretch, a stretch lost or doubled,
    or the end cut off; one to three of these."""
    found = bytearray(data)
    for _ in range(random.integers(1, 4)):
        size = len(found)
        begin, end = sorted(random.integers(0, size + 1, 2).tolist())
        end = min(end, begin + int(random.choice([16, 256, 4096])))
        kind = random.integers(6)
        if kind <= 1:
            within = min(size, 1024) if kind else size
            for place in random.integers(0, within, 1 << random.integers(0, 8)):
                found[place] = random.integers(256)
        elif kind == 2:
            found[begin:end] = random.integers(0, 256, end - begin, np.uint8).tobytes()
        elif kind == 3:
            found[begin:end] = bytes(end - begin)
        elif kind == 4:
            found[begin:end] = found[begin:end] * 2 * int(random.integers(2))
        else:
            del found[max(begin, 16) :]
    return bytes(found)
