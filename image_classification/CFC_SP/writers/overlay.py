# SPDX-License-Identifier: Apache-2.0
"""Draws a frame's results on its picture: a box, a tag and a panel of the eight probabilities for every face."""

import functools
import itertools

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..core.labels import EXPR
from ..core.records import Face, FrameResult
from .palette import COLOURS, text_colour

_SMALLEST_FONT = 8
_SIDES = ("right", "left", "below", "above")

Rect = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, the last two exclusive."""


class Overlay:
    """Draws the results of one clip, whose frames are `width` x `height` pixels.

    A panel stands beside its face where it hides neither faces nor tags; where there is no room for it, it shrinks (class names
    of three letters, then smaller type), then may cover part of its own face if that is large, and is else left out. Each track's
    choice is remembered from frame to frame, so that panels do not jump about.
    """

    def __init__(self, width: int, height: int):
        self._size = (width, height)
        side = min(width, height)
        font = max(_SMALLEST_FONT, 4 + round(side / 60))
        small = max(_SMALLEST_FONT, round(0.7 * font))
        self._styles = [(font, True), (font, False), (small, False)]
        self._line = max(1, round(side / 240))
        self._chosen: dict[int, tuple[int, bool, str]] = {}

    def draw(self, image: np.ndarray, result: FrameResult) -> None:
        """Draws on `image`, HWC RGB uint8 [0, 255], in place."""
        # Large faces choose first: theirs are the panels that a viewer looks for.
        faces = sorted(((self._rect(face), face) for face in result.faces), key=lambda item: -_area(item[0]))
        taken = [box for box, _ in faces]
        for box, face in faces:
            x1, y1, x2, y2 = box
            for ring in range(-1, self._line):
                colour = COLOURS[face.label] if ring >= 0 else (0, 0, 0)
                cv2.rectangle(image, (x1 + ring, y1 + ring), (x2 - 1 - ring, y2 - 1 - ring), colour)
        tags = []
        for box, face in faces:
            rect, text = self._choose_tag(face, box, taken)
            taken.append(rect)
            tags.append((rect, text, COLOURS[face.label]))
        chosen = {}
        for (box, face), (tag, _, _) in zip(faces, tags, strict=True):
            choice = self._choose_panel(face.track, box, tag, taken)
            if choice is not None:
                font, long, side = chosen[face.track] = choice
                taken.append(self._panel_rect(box, tag, font, long, side))
                _draw_panel(image, taken[-1], face, font, long)
        self._chosen = chosen
        for (x1, y1, x2, y2), text, colour in tags:
            image[y1:y2, x1:x2] = colour
            _blend(image, x1 + _tag_pad(text), y1, text, text_colour(colour))

    def _rect(self, face: Face) -> Rect:
        """The face's box in whole pixels, cut at the frame's edges and at least one pixel large."""
        width, height = self._size
        x1, y1, x2, y2 = (round(edge) for edge in face.box)
        x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
        return x1, y1, min(max(x2, x1 + 1), width), min(max(y2, y1 + 1), height)

    def _choose_tag(self, face: Face, box: Rect, taken: list[Rect]) -> tuple[Rect, np.ndarray]:
        """Where the tag stands and its text: the largest of its forms that leaves the other faces and tags free."""
        width, height = self._size
        x1, y1, _, y2 = box
        others = [rect for rect in taken if rect != box]
        for font, long in self._styles:
            label = face.label if long else face.label[:3]
            text = _text(f"#{face.track} {label} {face.confidence:.0%}", font, True)
            tag_w, tag_h = text.shape[1] + 2 * _tag_pad(text), text.shape[0] + 1
            x = max(0, min(x1, width - tag_w))
            y = y1 - tag_h if y1 >= tag_h else y2 if y2 + tag_h <= height else y1
            rect = (x, y, min(x + tag_w, width), min(y + tag_h, height))
            if 4 * font <= y2 - y1 and tag_w <= width and not _covered(rect, others):
                break
        return rect, text

    def _choose_panel(self, track: int, box: Rect, tag: Rect, taken: list[Rect]) -> tuple[int, bool, str] | None:
        """Type size, long names or not, and side of the panel of the face in `box`; None where no panel fits."""
        candidates = [(font, long, side) for font, long in self._styles for side in _SIDES]
        last = self._chosen.get(track)
        for choice in [last, *candidates] if last else candidates:
            rect = self._panel_rect(box, tag, *choice)
            if rect[3] - rect[1] <= 3 * (box[3] - box[1]) and self._is_free(rect, taken, 0.05 if choice == last else 0.02):
                return choice
        # Beside a face that fills the frame there is no room: the panel then covers an eighth of it, or a quarter at the most.
        others = [other for other in taken if other != box]
        for times, choice in itertools.product((8, 4), candidates):
            rect = self._panel_rect(box, tag, *choice)
            if times * _area(rect) <= _area(box) and self._is_free(rect, others, 0.02):
                return choice
        return None

    def _is_free(self, rect: Rect, taken: list[Rect], share: float) -> bool:
        """Whether `rect` lies in the frame and no more than that share of it is taken."""
        return rect[2] <= self._size[0] and rect[3] <= self._size[1] and _covered(rect, taken) <= share * _area(rect)

    def _panel_rect(self, box: Rect, tag: Rect, font: int, long: bool, side: str) -> Rect:
        """Where the panel stands: at that side of the box or, where it would hide the tag, of box and tag together.

        It is pushed into the frame; its far edges stick out if it is larger than the frame.
        """
        width = _names(EXPR[0], font, long).shape[1] + _bar_width(font, long) + 3 * (font // 3)
        height = len(EXPR) * _line_height(font) + 2 * (font // 4)
        gap = self._line + 2
        both = (min(box[0], tag[0]), min(box[1], tag[1]), max(box[2], tag[2]), max(box[3], tag[3]))
        for x1, y1, x2, y2 in (box, both):
            x, y = {
                "right": (x2 + gap, box[1]),
                "left": (x1 - gap - width, box[1]),
                "below": (x1, y2 + gap),
                "above": (x1, y1 - gap - height),
            }[side]
            x, y = max(0, min(x, self._size[0] - width)), max(0, min(y, self._size[1] - height))
            rect = (x, y, x + width, y + height)
            if not _covered(rect, [tag]):
                break
        return rect


def _draw_panel(image: np.ndarray, rect: Rect, face: Face, font: int, long: bool) -> None:
    """The eight classes with a bar each on a darkened ground; the label's name is bold, its colour marks the edge."""
    x1, y1, x2, y2 = rect
    ground = image[y1:y2, x1:x2]
    np.right_shift(ground, 2, out=ground)
    ground[:, : max(1, font // 6)] = COLOURS[face.label]
    names, line, bar = _names(face.label, font, long), _line_height(font), _bar_width(font, long)
    _blend(image, x1 + font // 3, y1 + font // 4, names, (255, 255, 255))
    left = x2 - font // 3 - bar
    thickness = max(2, round(0.6 * line))
    for row, (name, probability) in enumerate(zip(EXPR, face.probabilities, strict=True)):
        top = y1 + font // 4 + row * line + (line - thickness + 1) // 2
        image[top : top + thickness, left : left + bar] = (80, 80, 80)
        image[top : top + thickness, left : left + round(bar * probability)] = COLOURS[name]


def _tag_pad(text: np.ndarray) -> int:
    return text.shape[0] // 5


def _bar_width(font: int, long: bool) -> int:
    return (5 if long else 3) * font


@functools.lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Aileron, which Pillow itself holds: the same letters on every machine."""
    return ImageFont.load_default(size)


def _line_height(size: int) -> int:
    return sum(_font(size).getmetrics())


@functools.lru_cache(maxsize=2048)
def _text(text: str, size: int, bold: bool) -> np.ndarray:
    """Coverage of a line of text, uint16 [line height, width, 1] in [0, 256]."""
    # There is no bold Aileron: an outline makes one.
    font, outline = _font(size), size / 30 if bold else 0
    picture = Image.new("L", (round(font.getlength(text) + 2 * outline) + 1, _line_height(size)))
    ImageDraw.Draw(picture).text((outline, 0), text, fill=255, font=font, stroke_width=outline)
    mask = np.asarray(picture, np.uint16)[..., None]
    return mask + (mask >> 7)


@functools.lru_cache(maxsize=64)
def _names(label: str, size: int, long: bool) -> np.ndarray:
    """Coverage of the column of class names, as `_text`; `label` in bold, the others fainter."""
    shown = {name: name if long else name[:3] for name in EXPR}
    width = max(_text(text, size, True).shape[1] for text in shown.values())
    column = np.zeros((len(EXPR), _line_height(size), width, 1), np.uint16)
    for row, (name, text) in zip(column, shown.items(), strict=True):
        mask = _text(text, size, name == label)
        row[:, : mask.shape[1]] = mask if name == label else mask * 3 // 4
    return column.reshape(-1, width, 1)


def _blend(image: np.ndarray, x: int, y: int, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Paints `colour` where `mask` covers; what lies beyond the right and lower edge is cut."""
    ground = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    mask = mask[: ground.shape[0], : ground.shape[1]]
    ground[:] = (ground * (256 - mask) + np.array(colour, np.uint16) * mask) >> 8


def _area(rect: Rect) -> int:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _covered(rect: Rect, others: list[Rect]) -> int:
    """Pixels of `rect` under the others, those under two counted twice."""
    return sum(
        max(0, min(rect[2], other[2]) - max(rect[0], other[0])) * max(0, min(rect[3], other[3]) - max(rect[1], other[1]))
        for other in others
    )
