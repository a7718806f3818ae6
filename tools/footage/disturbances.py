# SPDX-License-Identifier: Apache-2.0
"""What real footage does to a face: each disturbance at three strengths, on face crops and on whole frames alike."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

# Of the box's sides: where the eyes' centres are, and half the width and height of a lens.
_EYES, _LENS = ((0.3, 0.4), (0.7, 0.4)), (0.17, 0.12)
_FRAME_COLOUR = (25, 25, 25)


@dataclass(frozen=True)
class Scene:
    """The faces of a picture: boxes float [N, 4] as x1, y1, x2, y2 in px, and the side in px of a usual face of its clip."""

    boxes: np.ndarray
    side: float


@dataclass(frozen=True)
class Disturbance:
    """`change(image, scene, strength)` gives another HWC RGB uint8 image; `moved(size, scene, strength)` the affine map, float
    [2, 3], that takes the points of an image of `size` (width, height) to theirs in the changed one. meaning: the strength in words."""

    name: str
    meaning: str
    strengths: tuple[float, float, float]
    change: Callable[[np.ndarray, Scene, float], np.ndarray]
    moved: Callable[[tuple[int, int], Scene, float], np.ndarray] = lambda size, scene, strength: np.eye(2, 3)

    def in_words(self, strength: float) -> str:
        """What a strength means."""
        return self.meaning.format(strength, -strength)


def cast(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """Red more and blue less by the share `strength`, as under a lamp."""
    return _clipped(image * np.array([1 + strength, 1, 1 - strength]))


def brighten(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """All values times `strength`."""
    return _clipped(image * strength)


def blur(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """Gaussian, its deviation the share `strength` of a face's side."""
    return cv2.GaussianBlur(image, (0, 0), strength * scene.side, borderType=cv2.BORDER_REPLICATE)


def resize(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """The image at the scale at which a usual face has `strength` px."""
    width, height = resized((image.shape[1], image.shape[0]), scene, strength)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_CUBIC)


def resized(size: tuple[int, int], scene: Scene, strength: float) -> tuple[int, int]:
    """The width and height that `resize` gives."""
    return tuple(max(1, round(extent * strength / scene.side)) for extent in size)


def scaling(size: tuple[int, int], scene: Scene, strength: float) -> np.ndarray:
    """The affine map of `resize`."""
    scale = np.divide(resized(size, scene, strength), size)
    return np.column_stack([np.diag(scale), np.zeros(2)])


def turn(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """Turned by `strength` degrees against the clock about its centre; beyond the edge its edge pixels go on."""
    size = image.shape[1::-1]
    return cv2.warpAffine(image, turning(size, scene, strength), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def turning(size: tuple[int, int], scene: Scene, strength: float) -> np.ndarray:
    """The affine map of `turn`."""
    return cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), strength, 1)


def put_glasses_on(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """Dark rims, and lenses that take the share `strength` of the light, where the eyes of every box are."""
    image = image.copy()
    for x1, y1, x2, y2 in scene.boxes:
        extent = np.array([x2 - x1, y2 - y1])
        centres = [np.rint(np.array([x1, y1]) + extent * eye).astype(int).tolist() for eye in _EYES]
        axes = np.maximum(1, np.rint(extent * _LENS)).astype(int).tolist()
        rim = max(1, round(extent[0] * 0.025))
        lenses = np.zeros(image.shape[:2], np.uint8)
        for centre in centres:
            cv2.ellipse(lenses, centre, axes, 0, 0, 360, 255, cv2.FILLED)
        image[lenses > 0] = _clipped(image[lenses > 0] * (1 - strength))
        for centre in centres:
            cv2.ellipse(image, centre, axes, 0, 0, 360, _FRAME_COLOUR, rim)
        cv2.line(image, (centres[0][0] + axes[0], centres[0][1]), (centres[1][0] - axes[0], centres[1][1]), _FRAME_COLOUR, rim)
    return image


def add_noise(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """Gaussian noise with a deviation of `strength` of 255, the same for the same image."""
    rng = np.random.default_rng(zlib.crc32(image.tobytes()))
    return _clipped(image + strength * rng.standard_normal(image.shape, np.float32))


def compress(image: np.ndarray, scene: Scene, strength: float) -> np.ndarray:
    """As a JPEG file of quality `strength` shows it."""
    _, code = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(strength)])
    return cv2.imdecode(code, cv2.IMREAD_COLOR_RGB)


def on_crops(disturbance: Disturbance, strength: float, crops: np.ndarray) -> np.ndarray:
    """Face crops uint8 [N, S, S, 3], each filled by its face, disturbed; always of the same shape."""
    side = crops.shape[1]
    scene = Scene(np.array([[0, 0, side, side]], float), side)
    changed = (disturbance.change(crop, scene, strength) for crop in crops)
    return np.stack([resize(crop, Scene(scene.boxes, len(crop)), side) for crop in changed])


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _turn_back(function):
    return lambda given, scene, strength: function(given, scene, -strength)


DISTURBANCES = (
    Disturbance("colour cast", "red {0:+.0%}, blue {1:+.0%}", (0.1, 0.25, 0.5), cast),
    Disturbance("darker", "light times {0:g}", (0.7, 0.5, 0.25), brighten),
    Disturbance("brighter", "light times {0:g}", (1.3, 1.6, 2.0), brighten),
    Disturbance("blur", "deviation {0:.0%} of the face", (0.01, 0.02, 0.04), blur),
    Disturbance("resolution", "faces of {0:g} px", (400, 36, 24), resize, scaling),
    Disturbance("tilted to the left", "{0:g} degrees", (5, 10, 20), turn, turning),
    Disturbance("tilted to the right", "{0:g} degrees", (5, 10, 20), _turn_back(turn), _turn_back(turning)),
    Disturbance("glasses", "lenses {0:.0%} dark", (0.0, 0.5, 1.0), put_glasses_on),
    Disturbance("noise", "deviation {0:g} of 255", (5, 15, 30), add_noise),
    Disturbance("JPEG", "quality {0:g}", (50, 20, 10), compress),
)
