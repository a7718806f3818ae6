# SPDX-License-Identifier: Apache-2.0
"""Frames in which nobody can be recognised: every face is blurred, cut into large pixels or covered before anything is drawn or written."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

import cv2
import numpy as np

from ..core.records import Frame, FrameResult
from ..support.errors import UserError

HOLD_S = 1.0
"""How long a face stays hidden before it is found and after it was last found, in seconds; a gap of twice as long is bridged."""
# How far the hidden region reaches beyond the face's box on each side, in sides of the box, and by how much more for every second that
# the face was not found in: hair, chin and ears lie outside, and an unseen face may move.
_MARGIN, _GROWS_A_S = 0.35, 0.5
# Larger cells of a face still show detectors, and people, that there is one.
_CELLS = 5
# Over how much beyond the region a blur fades into the picture, in sides of the region; the others end at a line.
_FADES = {"blur": 0.08}
# Pixels along a cell while it is blurred.
_BLURRED_A_CELL = 8
_GROUND = (64, 64, 64)

Box = tuple[float, ...]


def check_hiding(name: str | None) -> str | None:
    """`name`, one of HIDINGS or None; raises UserError for another."""
    if name is not None and name not in HIDINGS:
        raise UserError(f"-hide: expected one of {', '.join(HIDINGS)}, found {name!r}")
    return name


def hidden_frames(frames: Iterable[Frame], results: Iterable[FrameResult], how: str, hold_s: float = HOLD_S) -> Iterator[Frame]:
    """The frames, HWC RGB uint8, with all faces hidden in the way of HIDINGS that `how` names; results: one for each. Frames are read
    one at a time, results two `hold_s` ahead."""
    for frame, boxes in zip(frames, hidden_boxes(results, hold_s), strict=True):
        yield _hidden(frame, boxes, how)


def hidden_pairs(pairs: Iterable[tuple[Frame, FrameResult]], how: str) -> Iterator[tuple[Frame, FrameResult]]:
    """The same for frames that come once, each with its result: they come two HOLD_S later, and wait as JPEG."""
    held: deque[tuple[Frame, np.ndarray, FrameResult]] = deque()

    def results() -> Iterator[FrameResult]:
        for frame, result in pairs:
            data = cv2.imencode(".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 95))[1]
            held.append((replace(frame, image=np.zeros((0, 0, 3), np.uint8)), data, result))
            yield result

    for boxes in hidden_boxes(results(), HOLD_S):
        frame, data, result = held.popleft()
        yield _hidden(replace(frame, image=cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)), boxes, how), result


def hidden_boxes(results: Iterable[FrameResult], hold_s: float) -> Iterator[list[Box]]:
    """What to hide in each frame, as x1, y1, x2, y2 in pixels: every face, with a margin.

    Between two frames that show a track, up to two `hold_s` apart, its box moves in a straight line; it is held for `hold_s` before the
    first frame that shows it and after the last.
    """
    ahead: deque[FrameResult] = deque()
    coming: dict[int, deque[tuple[float, Box]]] = defaultdict(deque)
    seen: dict[int, tuple[float, Box]] = {}
    for result in chain(results, [None]):
        if result is not None:
            ahead.append(result)
            for face in result.faces:
                coming[face.track].append((result.time_s, face.box))
        while ahead and (result is None or result.time_s - ahead[0].time_s > 2 * hold_s):
            now = ahead.popleft()
            for face in now.faces:
                seen[face.track] = coming[face.track].popleft()
            yield [box for track in {*seen, *coming} for box in _boxes(now.time_s, seen.get(track), coming.get(track), hold_s)]
            coming = defaultdict(deque, {track: places for track, places in coming.items() if places})
            seen = {track: place for track, place in seen.items() if now.time_s - place[0] <= 2 * hold_s}


def _boxes(time_s: float, before: tuple[float, Box] | None, coming: deque | None, hold_s: float) -> Iterator[Box]:
    """Where a track is at that time, of which `before` is the last place and `coming` are the next ones."""
    if before is not None and before[0] == time_s:
        yield _grown(before[1], 0.0)
        return
    after = coming[0] if coming else None
    if before is not None and after is not None and after[0] - before[0] <= 2 * hold_s:
        share = (time_s - before[0]) / (after[0] - before[0])
        box = tuple(a + share * (b - a) for a, b in zip(before[1], after[1], strict=True))
        yield _grown(box, min(time_s - before[0], after[0] - time_s))
        return
    for place in (before, after):
        if place is not None and abs(time_s - place[0]) <= hold_s:
            yield _grown(place[1], abs(time_s - place[0]))


def _grown(box: Box, unseen_s: float) -> Box:
    x1, y1, x2, y2 = box
    margin = (_MARGIN + _GROWS_A_S * unseen_s) * max(x2 - x1, y2 - y1)
    return x1 - margin, y1 - margin, x2 + margin, y2 + margin


def _hidden(frame: Frame, boxes: list[Box], how: str) -> Frame:
    if not boxes:
        return frame
    image = frame.image.copy()
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in boxes:
        soft = _FADES.get(how, 0.0) * max(x2 - x1, y2 - y1)
        left, top = max(0, int(np.floor(x1 - soft))), max(0, int(np.floor(y1 - soft)))
        right, bottom = min(width, int(np.ceil(x2 + soft))), min(height, int(np.ceil(y2 + soft)))
        if left < right and top < bottom:
            region = np.ascontiguousarray(image[top:bottom, left:right])
            hidden = HIDINGS[how](region)
            if soft:
                share = np.minimum.outer(_shares(top, bottom, y1, y2, soft), _shares(left, right, x1, x2, soft))
                hidden = cv2.blendLinear(hidden, region, share, 1 - share)
            image[top:bottom, left:right] = hidden
    return replace(frame, image=image)


def _shares(first: int, last: int, begin: float, end: float, soft: float) -> np.ndarray:
    """For each pixel of a line: 1 between `begin` and `end`, and less and less beyond, to 0 at `soft` from there."""
    at = np.arange(first, last, dtype=np.float32) + np.float32(0.5)
    return np.clip(1 + np.minimum(at - begin, end - at) / soft, 0, 1, dtype=np.float32)


def _cells(region: np.ndarray) -> np.ndarray:
    """The region in _CELLS cells along its longer side, a pixel for each."""
    height, width = region.shape[:2]
    share = min(1.0, _CELLS / max(height, width))
    return cv2.resize(region, (max(1, round(width * share)), max(1, round(height * share))), interpolation=cv2.INTER_AREA)


def _pixelated(region: np.ndarray) -> np.ndarray:
    return cv2.resize(_cells(region), region.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def _blurred(region: np.ndarray) -> np.ndarray:
    cells = _cells(region)
    # Nothing finer than the cells is left to be made out by whoever sharpens it again. Small pictures are blurred a hundred times as fast.
    small = cv2.resize(cells, (cells.shape[1] * _BLURRED_A_CELL, cells.shape[0] * _BLURRED_A_CELL), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), _BLURRED_A_CELL / 2), region.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _covered(region: np.ndarray) -> np.ndarray:
    return np.full_like(region, _GROUND)


HIDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"blur": _blurred, "pixelate": _pixelated, "box": _covered}
"""The ways to hide a region, HWC RGB uint8, by name."""
