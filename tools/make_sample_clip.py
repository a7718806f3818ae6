# SPDX-License-Identifier: Apache-2.0
"""Writes the sample clip of the server: `python tools/make_sample_clip.py -out sample.mp4`, kept as `serving/page/sample.mp4`.

A camera that draws near to a portrait and goes back: NASA's of the astronaut Eileen Collins, which is in the public domain and comes
with scikit-image.
"""

import sys
from fractions import Fraction
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

FPS, FRAMES, WIDTH, HEIGHT = 25, 100, 480, 360
# The middle of the face, and the width of what the camera sees of the picture's 512 px: at first and at last, and half-way.
FACE, WIDEST, NARROWEST = (222, 118), 420, 230


def add_options(parser: Parser) -> None:
    parser.option("out", required=True, type=Path, metavar="FILE", help="the MP4 file to write")


def run(arguments) -> None:
    import av
    import cv2
    import numpy as np
    from skimage import data

    portrait = data.astronaut()
    with av.open(str(arguments.out), "w") as container:
        stream = container.add_stream("libx264", FPS, options={"crf": "30", "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, FPS)
        for number in range(FRAMES):
            width = NARROWEST + (WIDEST - NARROWEST) * (1 + np.cos(2 * np.pi * number / FRAMES)) / 2
            height = width * HEIGHT / WIDTH
            left = np.clip(FACE[0] - width / 2, 0, portrait.shape[1] - width)
            top = np.clip(FACE[1] - height * 0.45, 0, portrait.shape[0] - height)
            scale = WIDTH / width
            seen = cv2.warpAffine(portrait, np.array([[scale, 0, -left * scale], [0, scale, -top * scale]]), (WIDTH, HEIGHT))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(seen, "rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
