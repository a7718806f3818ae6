# SPDX-License-Identifier: Apache-2.0
"""A decoded picture as a screen shows it: square pixels, upright, not mirrored, and of an ordinary screen's brightness."""

from fractions import Fraction

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, VideoReformatter

from .container import check_size

# No camera or disc has longer pixels: a claim of more is damage.
MOST_ASPECT = 8
_HDR = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}


class Display:
    """Makes displayed images, HWC RGB uint8, of the decoded pictures of one stream, all of the first one's size, or of `size` (width,
    height).

    width, height: that size. rotation: the degrees, 0, 90, 180 or 270, by which the first picture was turned against the clock,
    once it was mirrored left to right where `mirrored` says so. Adds sentences to `warnings`. Raises UserError for more than
    `most_pixels` pixels in a picture, decoded or displayed; `shown` names the clip.
    """

    def __init__(
        self,
        stream,
        first: av.VideoFrame,
        warnings: list[str],
        shown: str,
        most_pixels: int,
        size: tuple[int, int] | None = None,
    ):
        self._stream, self._warnings, self._shown, self._most_pixels = stream, warnings, shown, most_pixels
        # A frame's own would be prepared again each time, which takes most of the time of small ones.
        self._reformatter = VideoReformatter()
        self._stated, self._first_own = stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio
        self._unmapped = first.color_trc in _HDR and not self._maps(first)
        self._orientations = {first.rotation: _orientation(first)}
        turned, left_right, upside_down = self._orientations[first.rotation]
        self.width, self.height = size or self._own_size(first, turned)
        self.mirrored = turned ^ left_right ^ upside_down
        self.rotation = (270 if left_right else 90) if turned else 180 if upside_down else 0
        if Type.DOVI_METADATA in first.side_data and first.color_trc not in _HDR and first.colorspace not in (1, 5, 6, 9):
            self._unmapped = True
            self._note("The clip is in Dolby Vision's own colours, which are not known here: its colours are wrong, and labels may be.")

    def image(self, picture: av.VideoFrame) -> np.ndarray:
        """The displayed image; one of another size than the first is scaled to fit into it, on black, with a warning."""
        # A picture whose side data was looked at is only freed by the garbage collector: PyAV makes each hold the other.
        if picture.rotation not in self._orientations:
            self._orientations[picture.rotation] = _orientation(picture)
        turned, left_right, upside_down = self._orientations[picture.rotation]
        own = size = self._own_size(picture, turned)
        if own != (self.width, self.height):
            self._note(fitting_sentence(self.width, self.height))
            size = fitted_size(own, (self.width, self.height))
        image = self._rgb(picture, *(size[::-1] if turned else size))
        if turned:
            image = cv2.transpose(image)
        if left_right or upside_down:
            image = cv2.flip(image, -1 if left_right and upside_down else int(left_right))
        # Odd widths come with a rest behind each row.
        return np.ascontiguousarray(on_black(image, self.width, self.height))

    def _own_size(self, picture: av.VideoFrame, turned: bool) -> tuple[int, int]:
        check_size(picture.width, picture.height, self._shown, self._most_pixels)
        width, height = max(1, round(picture.width * self._aspect())), picture.height
        check_size(width, height, self._shown, self._most_pixels)
        return (height, width) if turned else (width, height)

    def _aspect(self) -> Fraction:
        """Width over height of a pixel: the container's word, or, from where the stream's own changes, the stream's."""
        own = self._stream.codec_context.sample_aspect_ratio
        aspect = (own if own != self._first_own else self._stated) or Fraction(1)
        if not 1 / MOST_ASPECT <= aspect <= MOST_ASPECT:
            self._note(f"Pixels {float(aspect):.3g} times as wide as high were taken for a fault of the clip's, and for square ones.")
            return Fraction(1)
        return aspect

    def _rgb(self, picture: av.VideoFrame, width: int, height: int) -> np.ndarray:
        if picture.color_trc in _HDR and not self._unmapped:
            return self._mapped(picture, width, height).to_ndarray()
        return self._reformatter.reformat(picture, width, height, "rgb24").to_ndarray()

    def _mapped(self, picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        """HDR with its diffuse white, 203 cd/m2 (ITU-R BT.2408), as white; what is brighter is white too."""
        # Either curve comes with the colours of BT.2020.
        if picture.color_primaries == ColorPrimaries.UNSPECIFIED:
            picture.color_primaries = ColorPrimaries.BT2020
        space = Colorspace.BT2020 if picture.colorspace == 2 else None
        to = {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}
        return self._reformatter.reformat(picture, width, height, "rgb24", src_colorspace=space, **to)

    def _maps(self, picture: av.VideoFrame) -> bool:
        try:
            self._mapped(picture, picture.width, picture.height)
        except (av.FFmpegError, ValueError):
            kind = _HDR[picture.color_trc]
            self._note(f"The clip is HDR ({kind}), which could not be mapped to an ordinary screen: it looks pale.")
            return False
        return True

    def _note(self, sentence: str) -> None:
        if sentence not in self._warnings:
            self._warnings.append(sentence)


def _orientation(picture: av.VideoFrame) -> tuple[bool, bool, bool]:
    """How the picture becomes the displayed one: whether rows and columns change places, and whether it is then mirrored left to
    right, and upside down. Of the eight such ways the one nearest to the display matrix."""
    data = picture.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return False, False, False
    # FFmpeg's matrix: x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = np.frombuffer(data, np.int32)[:5].astype(float).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def fitting_sentence(width: int, height: int) -> str:
    """What to tell where frames are not of one size."""
    return f"The frame size changes inside the clip: every frame was scaled to fit into the first one's {width} x {height}."


def fitted_size(own: tuple[int, int], into: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of the shape of `own` that fits into another; its shape is kept to a pixel."""
    share = min(into[0] / own[0], into[1] / own[1])
    size = tuple(max(1, min(round(side * share), most)) for side, most in zip(own, into, strict=True))
    return tuple(most if most - side <= 1 else side for side, most in zip(size, into, strict=True))


def on_black(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The image, no larger than that, in the middle of a black one of `width` x `height`."""
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    left, top = (width - own_width) // 2, (height - own_height) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + own_height, left : left + own_width] = image
    return canvas
