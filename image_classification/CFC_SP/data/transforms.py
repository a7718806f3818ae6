# SPDX-License-Identifier: Apache-2.0
"""Augmentation of one crop: the paper's list (section 4.1: rotate and crop, flip, colour jitter, blur, random erasing), and what
cameras add, loss of resolution and noise."""

import cv2
import numpy as np


def augment(picture: np.ndarray, size: int, aug, rng: np.random.Generator) -> np.ndarray:
    """A random variant of a face picture (HWC RGB uint8) as a crop [size, size, 3] uint8.

    aug: the config's AUG group; every probability in it is that of applying the change.
    """
    picture = _warp(picture, size, aug, rng)
    if rng.random() < aug.FLIP:
        picture = picture[:, ::-1]
    if _happens(aug.GREY, rng):
        picture = cv2.cvtColor(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if aug.JITTER and _happens(aug.JITTER_PROB, rng):
        picture = _jitter(picture, aug.JITTER, rng)
    if rng.random() < aug.BLUR:
        picture = cv2.GaussianBlur(np.ascontiguousarray(picture), (0, 0), rng.uniform(*aug.BLUR_SIGMA))
    if rng.random() < aug.LOW_RES:
        picture = _coarsened(picture, round(rng.uniform(*aug.LOW_RES_SIDE) * size))
    if rng.random() < aug.NOISE:
        picture = _noisy(picture, rng.uniform(*aug.NOISE_SIGMA), rng)
    if rng.random() < aug.ERASING:
        picture = _erase(picture, aug.ERASING_AREA, rng)
    return picture


def _happens(probability, rng):
    """Whether a change of this probability is made; what is certain draws no number, so that the draws after it stay what they are."""
    return probability > 0 and (probability >= 1 or rng.random() < probability)


def _warp(picture, size, aug, rng):
    """Rotation, zoom and shift about the centre, and a square of the result, in one resampling; outside the picture its edge goes on."""
    height, width = picture.shape[:2]
    zoom = size / max(height, width) * rng.uniform(1 - aug.SCALE, 1 + aug.SCALE)
    angle, shift = rng.uniform(-aug.ROTATION, aug.ROTATION), rng.uniform(-aug.SHIFT, aug.SHIFT, 2)
    angle = angle if _happens(aug.ROTATION_PROB, rng) else 0.0
    if aug.CROP_AREA[0] < 1:
        share = np.sqrt(rng.uniform(*aug.CROP_AREA))
        zoom, shift = zoom / share, (shift + rng.uniform(-1, 1, 2) * (1 - share) / 2) / share
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, zoom)
    matrix[:, 2] += (size - 1) / 2 - np.array([(width - 1) / 2, (height - 1) / 2]) + shift * size
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _jitter(picture, share, rng):
    """Saturation about each pixel's grey value, contrast about the mean of those, brightness: a sum of picture, grey and a constant."""
    brightness, contrast, saturation = 1 + rng.uniform(-share, share, 3)
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    scale, offset = brightness * contrast, brightness * (1 - contrast) * cv2.mean(grey)[0]
    return cv2.addWeighted(picture, scale * saturation, cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), scale * (1 - saturation), offset)


def _coarsened(picture, side):
    """What a camera farther away would have seen: `side` pixels, enlarged again."""
    small = cv2.resize(np.ascontiguousarray(picture), (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _noisy(picture, sigma, rng):
    """Gaussian noise of deviation `sigma`, the same in all channels, so that a grey picture stays grey."""
    noise = rng.normal(0, sigma, (*picture.shape[:2], 1))
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _erase(picture, area, rng):
    """Random erasing (Zhong et al., AAAI 2020) of a rectangle of `area` (share) and aspect 0.3 to 3.3 with noise."""
    size = picture.shape[0]
    share, aspect = rng.uniform(*area), np.exp(rng.uniform(np.log(0.3), np.log(3.3)))
    height = min(size, max(1, round(size * np.sqrt(share * aspect))))
    width = min(size, max(1, round(size * np.sqrt(share / aspect))))
    top, left = rng.integers(0, size - height + 1), rng.integers(0, size - width + 1)
    picture = picture.copy()
    picture[top : top + height, left : left + width] = rng.integers(0, 256, (height, width, 1), dtype=np.uint8)
    return picture
