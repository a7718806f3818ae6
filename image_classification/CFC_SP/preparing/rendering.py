# SPDX-License-Identifier: Apache-2.0
"""A simulated clip's script -> frames: faces on a background, moving, lit, blurred, covered and noisy as in a real video.

Everything is drawn from the clip's own random generator. The figures were chosen on FER+'s validation faces alone.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from .clip_script import FPS, NOBODY, Script

WIDTH, HEIGHT = 320, 240
# The face's square in px: FER+'s 48 px are enlarged about twice, so that the crop of a video loses little of them.
FACE = 84, 132
# What surrounds the picture, as a share of its side: its edge pixels go on, blurred more with the distance, and fade into the background
# along an ellipse. Without that a detector sees a hard frame and no head.
MARGIN, FADE = 0.35, 0.3
# Darker backgrounds let a head stand out: MTCNN finds more of the validation faces on 40 than on 110 or 180.
BACKGROUND = 20, 80
SHAKE, SHAKE_PX = 0.15, 4.0
COVERED, COVERED_S = 0.25, (0.4, 1.5)


def render(script: Script, pictures: dict[int, np.ndarray], places: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The frames of `script`, HWC RGB uint8 [240, 320, 3] and grey, one after another.

    pictures: square grey faces uint8 [S, S] by the numbers that the script names; places: where they lie, as `draw_places` gives it.
    """
    frames = len(script)
    cutouts = {number: cut_out(picture) for number, picture in pictures.items()}
    background = draw_background(rng)
    light = _light(frames, rng)
    covers = _covers(frames, rng)
    grain = rng.normal(0, rng.uniform(1.5, 5), (HEIGHT * 2, WIDTH * 2)).astype(np.float32)

    def view(number: int, t: int) -> np.ndarray:
        return background.copy() if number == NOBODY else paste(background, *cutouts[number], places[t])

    for t in range(frames):
        frame, mix = view(int(script.first[t]), t), float(script.mix[t])
        if mix:
            frame = cv2.addWeighted(frame, 1 - mix, view(int(script.second[t]), t), mix, 0)
        if t in covers:
            _cover(frame, places[t], covers[t])
        moved = places[t, :2] - places[max(t - 1, 0), :2]
        frame = _blur(frame, moved) * light[t]
        y, x = rng.integers(HEIGHT), rng.integers(WIDTH)
        frame += grain[y : y + HEIGHT, x : x + WIDTH]
        yield _as_rgb(frame)


def plain_views(picture: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A picture at rest on an even background, small, middling and large and turned a little: HWC RGB uint8 [240, 320, 3], and the
    picture's box, float [4]."""
    background = np.full((HEIGHT, WIDTH), np.mean(BACKGROUND), np.float32)
    cutout = cut_out(picture)
    for side, turn in ((np.mean(FACE), 0), (FACE[0], 8), (FACE[1], -8)):
        frame = paste(background, *cutout, np.array([WIDTH / 2, HEIGHT / 2, side, turn]))
        yield _as_rgb(frame), np.array([WIDTH - side, HEIGHT - side, WIDTH + side, HEIGHT + side]) / 2


def cut_out(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A square grey picture with its surroundings, and how much of each pixel is to be seen (0 to 1): float32 [S', S'] both."""
    side = len(picture)
    margin = round(side * MARGIN)
    wide = cv2.copyMakeBorder(picture, *[margin] * 4, cv2.BORDER_REPLICATE).astype(np.float32)
    ramp = np.arange(len(wide)) + 0.5 - len(wide) / 2
    outside = np.maximum(np.abs(ramp) - side / 2, 0)
    outside = np.maximum(outside[:, None], outside[None]).astype(np.float32)
    soft = cv2.GaussianBlur(wide, (0, 0), side / 10)
    share = np.minimum(outside / (margin / 2), 1)
    radius = np.hypot(ramp[:, None], ramp[None]) / (len(wide) / 2)
    return wide + share * (soft - wide), np.clip((1 - radius) / FADE, 0, 1).astype(np.float32)


def paste(background: np.ndarray, face: np.ndarray, mask: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A copy of `background` float32 [H, W] with a cut-out on it; `place` is one of `draw_places`."""
    x, y, side, turn = place
    centre = (len(face) - 1) / 2
    scale = side * (1 + 2 * MARGIN) / len(face)
    matrix = cv2.getRotationMatrix2D((centre, centre), turn, scale)
    # Pixel i covers [i, i + 1), as in the detector's boxes.
    matrix[:, 2] += x - 0.5 - centre, y - 0.5 - centre
    size = background.shape[::-1]
    face = cv2.warpAffine(face, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return background + (face - background) * cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)


def draw_background(rng: np.random.Generator) -> np.ndarray:
    """An even or a softly textured grey, float32 [240, 320]."""
    texture = cv2.resize(rng.normal(0, rng.choice([0, 6, 12]), (6, 8)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return (rng.uniform(*BACKGROUND) + texture).astype(np.float32)


def draw_places(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Centre x, y and side of the face's picture in px, and its turn in degrees, float [frames, 4].

    They drift slowly, the camera trembles, and here and there it shakes for half a second.
    """
    side = rng.uniform(*FACE) * np.exp(0.05 * _path(frames, 2.5, rng))
    centre = [[size / 2] + spread * _path(frames, 1.5, rng) for size, spread in ((WIDTH, 20), (HEIGHT, 7))]
    turn = rng.uniform(-4, 4) + 4 * _path(frames, 1.5, rng)
    places = np.stack([*centre, side, turn], axis=1) + rng.normal(size=(frames, 4)) * (0.4, 0.4, 0.3, 0.15)
    for start in np.flatnonzero(rng.random(frames) < SHAKE / FPS):
        part = places[start : start + FPS // 2, :2]
        part += np.hanning(FPS // 2)[: len(part), None] * rng.normal(0, SHAKE_PX, (len(part), 2))
    return places


def _path(frames: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A random path [frames] of mean 0 and deviation 1 that takes about `seconds` to change."""
    width = seconds * FPS
    # Long enough that its ends are as lively as its middle, and that even a clip of a second has a path to cut from.
    room = int(4 * width)
    path = gaussian_filter1d(rng.normal(size=frames + 2 * room), width)[room : room + frames]
    # The deviation of white noise behind a Gaussian of this width.
    return path * np.sqrt(2 * np.sqrt(np.pi) * width)


def _light(frames: int, rng: np.random.Generator) -> np.ndarray:
    """The gain of every pixel, as [frames] views of [1, 320]: exposure that wanders, and light from one side."""
    exposure = np.exp(0.15 * _path(frames, 3.0, rng) + rng.normal(0, 0.01, frames))
    slope = 0.12 * _path(frames, 4.0, rng)
    return (exposure[:, None, None] * (1 + slope[:, None, None] * np.linspace(-1, 1, WIDTH))).astype(np.float32)


def _covers(frames: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """What lies before the face by frame: the centre relative to the face's, two half axes, all in sides, the angle, the grey."""
    covers = {}
    for start in np.flatnonzero(rng.random(frames) < COVERED / 4.5 / FPS):
        length = round(rng.uniform(*COVERED_S) * FPS)
        side = rng.choice([-1, 1])
        # It comes from one side and goes back: at most a third of the face is behind it.
        way = 0.75 - 0.3 * np.hanning(length)
        axes, angle, grey = rng.uniform((0.15, 0.3), (0.25, 0.4)), rng.uniform(-30, 30), rng.uniform(60, 180)
        height = rng.uniform(-0.1, 0.5)
        for t, x in enumerate(way, start):
            covers[t] = np.array([side * x, height, *axes, angle, grey])
    return covers


def _cover(frame: np.ndarray, place: np.ndarray, cover: np.ndarray) -> None:
    x, y, side, _ = place
    centre = round(x + cover[0] * side), round(y + cover[1] * side)
    axes = round(cover[2] * side), round(cover[3] * side)
    cv2.ellipse(frame, centre, axes, float(cover[4]), 0, 360, float(cover[5]), cv2.FILLED)


def _blur(frame: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The frame with the blur of an exposure of half a frame's time, for a move of `moved` (x, y) px a frame."""
    reach = moved / 4
    radius = int(np.ceil(np.abs(reach).max()))
    if np.abs(moved).max() < 2:
        return frame
    kernel = np.zeros((2 * radius + 1,) * 2, np.float32)
    ends = [tuple(int(v) for v in np.round(radius + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, *ends, 1.0)
    return cv2.filter2D(frame, -1, kernel / kernel.sum())


def _as_rgb(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.clip(frame, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)
