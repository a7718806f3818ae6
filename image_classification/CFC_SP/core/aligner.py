# SPDX-License-Identifier: Apache-2.0
"""Faces -> square crops: the one place that cuts them, for training pictures and for video alike."""

from dataclasses import dataclass

import cv2
import numpy as np

from .alignment import TEMPLATE, TEMPLATE_SIDE, similarity
from .records import Faces

# The largest side of the picture that is averaged to a crop.
_MOST_SIDE = 4096


def nearest_corner(centre: np.ndarray, side: np.ndarray | int) -> np.ndarray:
    """The left and top (int64 [..., 2]) of the squares of `side` whole pixels that lie nearest about `centre` (x, y) [..., 2]."""
    return np.floor(np.asarray(centre, np.float64) - np.asarray(side)[..., None] / 2 + 0.5).astype(np.int64)


def cut_square(image: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """The square [side, side, 3] of pixels from `left`, `top` on; outside the frame its edge pixels go on."""
    height, width = image.shape[:2]
    right, bottom = left + side, top + side
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return image[top:bottom, left:right]
    # A square wholly beyond the frame still gets the nearest row or column.
    x1, x2 = min(max(left, 0), width - 1), max(min(right, width), 1)
    y1, y2 = min(max(top, 0), height - 1), max(min(bottom, height), 1)
    margins = [max(0, y1 - top), max(0, bottom - y2), max(0, x1 - left), max(0, right - x2)]
    return cv2.copyMakeBorder(image[y1:y2, x1:x2], *margins, cv2.BORDER_REPLICATE)[:side, :side]


def resize_square(square: np.ndarray, size: int) -> np.ndarray:
    """A square picture at [size, size, 3]: averaged over areas when it shrinks, bicubic when it grows, itself when it fits."""
    if square.shape[0] == size:
        return square
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if square.shape[0] > size else cv2.INTER_CUBIC)


def crop_face(image: np.ndarray, box: np.ndarray, size: int, margin: float = 0.0) -> np.ndarray:
    """The face as [size, size, 3] uint8, RGB as `image` is (HWC uint8).

    The crop is the square on the longer side of `box` (x1, y1, x2, y2 in pixels) about its centre, enlarged by the share
    `margin` (0.1: ten per cent longer) and rounded to whole pixels: shrinking then averages whole pixels, and a picture that is
    its own box and has `size` already comes back bit for bit. Outside the frame its edge pixels go on. Raises ValueError for a
    box without area.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    if not (x2 > x1 and y2 > y1):
        raise ValueError(f"crop_face: expected a box with x1 < x2 and y1 < y2, found {(x1, y1, x2, y2)}")
    side = max(1, round(max(x2 - x1, y2 - y1) * (1 + margin)))
    left, top = nearest_corner(((x1 + x2) / 2, (y1 + y2) / 2), side).tolist()
    return resize_square(cut_square(image, left, top, side), size)


def align_face(image: np.ndarray, landmarks: np.ndarray, size: int, margin: float = 0.0) -> np.ndarray:
    """The face upright as [size, size, 3] uint8, RGB as `image` is (HWC uint8): its landmarks lie on `alignment.TEMPLATE`, as large as that
    is in a picture of `size`.

    landmarks: [5, 2] x, y in pixels of `image`, the order of `records.Faces`. margin: the share by which the square is longer. Large
    faces are averaged, small ones grow bicubically, and outside the frame its edge pixels go on, as for `crop_face`. Raises ValueError
    for points that are not finite or lie on each other.
    """
    middle = TEMPLATE_SIDE / 2
    # The landmarks count from the corner of the first pixel, OpenCV from its middle.
    template = (TEMPLATE + 0.5 - middle) / (1 + margin) + middle
    cosine, sine = similarity(landmarks, template * (size / TEMPLATE_SIDE))[:, 0]
    shrinking = 1 / max(np.hypot(cosine, sine), 1 / _MOST_SIDE)
    side = size * max(1, min(int(np.ceil(shrinking)), _MOST_SIDE // size))
    matrix = similarity(np.asarray(landmarks) - 0.5, template * (side / TEMPLATE_SIDE) - 0.5)
    turned = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return resize_square(turned, size)


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """How faces are framed: the crop's side in pixels, the margin around MTCNN's box or the template, and one of `alignment.ALIGNMENTS`.
    Training and video share one."""

    size: int
    margin: float = 0.0
    align: str = "none"

    def crop(self, image: np.ndarray, faces: Faces) -> np.ndarray:
        """The crops of a frame's N faces (HWC RGB uint8) as uint8 [N, size, size, 3]; crop i is face i.

        A face whose points lie on each other, by which it cannot be turned, is cut out upright.
        """
        crops = np.empty((len(faces), self.size, self.size, 3), np.uint8)
        for crop, box, landmarks in zip(crops, faces.boxes, faces.landmarks, strict=True):
            turns = self.align == "similarity" and np.ptp(landmarks, axis=0).max() >= 1
            crop[:] = align_face(image, landmarks, self.size, self.margin) if turns else crop_face(image, box, self.size, self.margin)
        return crops
