# SPDX-License-Identifier: Apache-2.0
"""A simulated clip as files in Aff-Wild2's own form: a video, and an annotation with one line a frame."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from ..data.affwild2 import HEADER
from ..support.errors import UserError
from .clip_script import FPS, NOBODY, Script
from .rendering import draw_places, render

# From hardly visible compression to that of a video call.
CRF = 20, 32
# Frames count from 0, the centre and the side of the picture are in px.
BOX_COLUMNS = ("frame", "x", "y", "side")


def write_clip(script: Script, pictures: dict[int, np.ndarray], seed: tuple[int, ...], video: Path, annotation: Path, boxes: Path) -> None:
    """Renders `script` to the MP4 `video`, and writes its `annotation` and the `boxes`, one row a frame that fully shows a face.

    pictures: square grey faces uint8 [S, S] by the numbers that the script names. The same `seed` gives the same bytes.
    Raises UserError where a file cannot be written, or where there is no H.264 encoder.
    """
    rng = np.random.default_rng(seed)
    places = draw_places(len(script), rng)
    shown = np.flatnonzero((script.mix == 0) & (script.first != NOBODY))
    rows = [f"{frame},{x:.2f},{y:.2f},{side:.2f}" for frame, (x, y, side, _) in zip(shown, places[shown], strict=True)]
    try:
        encode(render(script, pictures, places, rng), video, int(rng.integers(*CRF, endpoint=True)))
        annotation.write_text("\n".join([HEADER, *map(str, script.labels.tolist())]) + "\n", encoding="utf-8")
        boxes.write_text("\n".join([",".join(BOX_COLUMNS), *rows]) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{video.parent.parent}: cannot be written ({error.strerror}); the disk may be full") from error


def encode(frames: Iterable[np.ndarray], path: Path, crf: int) -> None:
    """Writes HWC RGB uint8 frames of one size to an H.264 MP4; raises UserError where there is no such encoder."""
    with av.open(str(path), "w", format="mp4") as movie:
        try:
            # x264's macroblock tree is not reproducible with AVX-512: the same pictures give other bytes from time to time.
            options = {"crf": str(crf), "preset": "veryfast", "x264-params": "mbtree=0"}
            stream = movie.add_stream("libx264", rate=FPS, options=options)
        except av.codec.codec.UnknownCodecError as error:
            raise UserError("expected an H.264 encoder (libx264), found none: install the package av from PyPI") from error
        stream.pix_fmt = "yuv420p"
        # With more threads the bytes would depend on the machine; the clips are what runs in parallel.
        stream.codec_context.thread_count = 1
        for number, image in enumerate(frames):
            if not number:
                stream.height, stream.width = image.shape[:2]
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        movie.mux(stream.encode(None))
