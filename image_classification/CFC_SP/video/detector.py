# SPDX-License-Identifier: Apache-2.0
"""Face detection with MTCNN's cascade (Zhang et al. 2016): frame -> boxes, scores and landmarks.

Coordinates are continuous: pixel i covers [i, i + 1), so a box over the whole frame is 0, 0, width, height. The original and its
ports count whole pixels from 1, so that their x1 and y1 are larger by 1.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ..core.aligner import cut_square, nearest_corner, resize_square
from ..core.records import Faces
from .mtcnn import Network

PYRAMID_FACTOR = 0.709
WINDOW, STRIDE = 12, 2
# Windows judged in one run: more are no faster, and take memory.
BATCH = 32
# Sizes of the windows, in sizes of the known box, in which a face that seems lost is looked for again.
SECOND_LOOKS = (0.85, 1.18)
# How often O-Net looks again at a face that was detected. Followed from frame to frame it comes to frame a face in a way of its own, two
# looks from where R-Net's window leads: without them detected faces and followed ones differ, and so do the labels of some.
SETTLING = 2
# Boxes of one frame that overlap by this much are one face.
SAME_FACE = 0.3
# A multiple of every number of halvings that pays.
_BLOCK = 16
# The finest level of the pyramid has no more pixels, or P-Net's maps would take gigabytes: of larger frames it shows a reduced copy, in
# which the smallest faces looked for are larger than was asked. 4K has fewer down to faces of 24 px.
MOST_LEVEL_PIXELS = 1 << 21
# Noise can make thousands of proposals; the best of them are plenty, and bound the work of a frame.
MAX_PROPOSALS = 512

# Chosen on real clips: what looked like a face and was none (leaves, a hand) scored up to 0.934 in O-Net.
MIN_FACE, THRESHOLDS = 40, (0.7, 0.8, 0.95)
# The shorter side in pixels of a large face. P-Net is sure of one where it looks for somewhat smaller ones.
LARGE_FACE, _SURE_OF_LARGE = 80, 0.8
# What shares so much of the smaller one of two boxes is one face, or a part of it.
_MOST_SHARED = 0.7


class FaceDetector:
    """Finds the faces of a frame. Any thread may use it.

    networks: `pnet`, `rnet` and `onet`, as `mtcnn.load_mtcnn` gives them.
    min_face: shorter side in pixels of the smallest face looked for; some smaller ones are found as well.
    thresholds: the least face probability of P-, R- and O-Net. The usual 0.6, 0.7, 0.7 let through plants and hands that O-Net
    gives up to 0.934 (shared clips); upright faces get 0.99 and more there, so 0.95 parts them, at the price of some profiles.
    settling: how often O-Net looks again.
    """

    def __init__(
        self,
        networks: Mapping[str, Network],
        min_face: float = MIN_FACE,
        thresholds: tuple[float, float, float] = THRESHOLDS,
        settling: int = SETTLING,
    ):
        self._networks = networks
        self._min_face = min_face
        self._thresholds = thresholds
        self._settling = settling

    def detect(self, image: np.ndarray) -> Faces:
        """The faces of an HWC RGB uint8 image, by falling score; boxes as O-Net gives them, which may reach beyond the frame."""
        return self._found_in(image, self._propose(image, self._min_face))

    def detect_others(self, image: np.ndarray, known: np.ndarray) -> Faces:
        """The faces of LARGE_FACE and more that are not at the known boxes [N, 4], at half of what `detect` takes, or less."""
        proposed = self._propose(image, max(self._min_face, _SURE_OF_LARGE * LARGE_FACE))
        faces = self._found_in(image, proposed[~overlapping(proposed, known)])
        return faces[~_sharing(faces.boxes, known)]

    def follow(self, image: np.ndarray, boxes: np.ndarray) -> Faces:
        """The faces near known boxes [N, 4] (say, the last frame's), by O-Net alone; fewer where one is gone."""
        boxes = np.asarray(boxes, np.float32)
        faces = self._judge(image, boxes)
        if len(faces) < len(boxes):
            # O-Net misses faces that its window frames badly, and sees them in a window of another size.
            lost = boxes[~overlapping(boxes, faces.boxes)]
            again = self._judge(image, np.concatenate([_resized(lost, share) for share in SECOND_LOOKS]))
            faces = _with_others(faces, again)
        return faces

    def follow_all(self, image: np.ndarray, boxes: np.ndarray) -> Faces | None:
        """The faces near known boxes [N, 4], one for each; None where one of them is gone."""
        faces = self.follow(image, boxes)
        return faces if len(faces) == len(boxes) else None

    def _found_in(self, image: np.ndarray, proposed: np.ndarray) -> Faces:
        """The faces in the windows [N, 4] that P-Net proposes, by falling score."""
        faces = _leaders_first(
            proposed, lambda windows: _leaders_first(self._refine(image, windows), lambda refined: self._judge(image, refined))
        )
        windows = faces.boxes
        for _ in range(self._settling):
            again = self._judge(image, windows)
            faces = _with_others(again, faces)
            windows = damped(windows, faces.boxes)
        return faces[np.argsort(-faces.scores, kind="stable")]

    def _propose(self, image: np.ndarray, min_face: float) -> np.ndarray:
        """P-Net on the image pyramid, for faces of `min_face` and more: windows [N, 4], by falling score."""
        height, width = image.shape[:2]
        scale, finest, found = min(WINDOW / min_face, (MOST_LEVEL_PIXELS / (width * height)) ** 0.5), None, []
        while min(height, width) * scale >= WINDOW:
            size = int(width * scale + 1), int(height * scale + 1)
            # Coarser levels are made from the finest one, and that by way of halves: shrinking the full frame is what costs.
            level = cv2.resize(_halved(image, scale) if finest is None else finest, size, interpolation=cv2.INTER_AREA)
            finest = level if finest is None else finest
            regression, score = (output[0] for output in self._networks["pnet"](_normalised([level])))
            rows, columns = np.nonzero(score >= self._thresholds[0])
            corner = np.stack([columns, rows], axis=1) * STRIDE
            boxes = np.concatenate([corner, corner + WINDOW], axis=1) / np.tile(np.divide(size, (width, height)), 2)
            candidates = np.column_stack([boxes, score[rows, columns], regression[:, rows, columns].T])
            candidates = candidates[np.argsort(-candidates[:, 4], kind="stable")[:MAX_PROPOSALS]]
            found.append(candidates[suppress(candidates[:, :4], candidates[:, 4], 0.5)])
            scale *= PYRAMID_FACTOR
        if not found:
            return np.zeros((0, 4))
        found = np.concatenate(found)
        found = found[suppress(found[:, :4], found[:, 4], 0.7)]
        return _moved(found[:, :4], found[:, 5:])[:MAX_PROPOSALS]

    def _refine(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """R-Net on windows [N, 4]: fewer and better ones, by falling score."""
        boxes, regression, score = self._run("rnet", image, _squared(boxes), 24)
        kept = np.flatnonzero(score > self._thresholds[1])
        kept = kept[suppress(boxes[kept], score[kept], 0.7)]
        return _moved(boxes[kept], regression[kept])

    def _judge(self, image: np.ndarray, boxes: np.ndarray) -> Faces:
        """O-Net on windows [N, 4]: the faces in them, by falling score."""
        boxes, regression, landmarks, score = self._run("onet", image, _squared(boxes), 48)
        kept = np.flatnonzero(score > self._thresholds[2])
        points = landmarks[kept].reshape(-1, 2, 5).transpose(0, 2, 1)
        corner, extent = boxes[kept, None, :2], boxes[kept, None, 2:] - boxes[kept, None, :2]
        points, boxes, score = corner + points * extent, _moved(boxes[kept], regression[kept]), score[kept]
        faces = _distinct(Faces(*(array.astype(np.float32) for array in (boxes, score, points))))
        # A regression can turn a box inside out; no crop could be made of it.
        return faces[(faces.boxes[:, 2:] > faces.boxes[:, :2]).all(axis=1)]

    def _run(self, name: str, image: np.ndarray, boxes: np.ndarray, size: int) -> list[np.ndarray]:
        """One network on square windows: the windows as really cut, then the network's outputs."""
        if not len(boxes):
            return [np.zeros((0, 4)), np.zeros((0, 4)), *([np.zeros((0, 10))] if name == "onet" else []), np.zeros(0)]
        crops, windows = _cut(image, boxes, size)
        batches = [crops[start : start + BATCH] for start in range(0, len(crops), BATCH)]
        outputs = [self._networks[name](_normalised(batch)) for batch in batches]
        return [windows, *(np.concatenate(parts) for parts in zip(*outputs, strict=True))]


def _leaders_first(windows: np.ndarray, find: Callable[[np.ndarray], Faces]) -> Faces:
    """What `find` finds in windows [N, 4], which come by falling score: in the best of every heap, then in those where that shows no face.

    MTCNN looks at all of them, and most crowd around the same few faces.
    """
    leading = suppress(windows, np.arange(len(windows), 0, -1), SAME_FACE)
    faces = find(windows[leading])
    others = np.delete(windows, leading, axis=0)
    more = find(others[~overlapping(others, faces.boxes)])
    return _distinct(_with_others(faces, more))


def _with_others(faces: Faces, more: Faces) -> Faces:
    """The faces, and those of `more` that none of them shows."""
    return faces.joined(more[~overlapping(more.boxes, faces.boxes)])


def _distinct(faces: Faces) -> Faces:
    """The faces by falling score, less those that lie for the most part in, or around, a better one."""
    return faces[suppress(faces.boxes, faces.scores, _MOST_SHARED, over_smaller=True)]


def _halved(image: np.ndarray, scale: float) -> np.ndarray:
    """The picture halved as often as leaves it larger than `scale` of its size; OpenCV halves fast, and scales by other shares slowly."""
    while scale <= 0.5:
        image, scale = _half(image), scale * 2
    return image


def _half(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _cut(image: np.ndarray, boxes: np.ndarray, size: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Crops [size, size, 3] of square boxes [N, 4], and the windows [N, 4] of whole pixels that they really show."""
    region, origin = _around(image, boxes)
    boxes = boxes - np.tile(origin, 2)
    extents = boxes[:, 2] - boxes[:, 0]
    # Crops of large faces are cut from a halved picture, at twice their final size or more: shrinking from the full one is slow.
    halvings = np.maximum(0, np.floor(np.log2(np.maximum(extents, 1) / (2 * size)))).astype(int)
    pictures = [region]
    for _ in range(halvings.max()):
        pictures.append(_half(pictures[-1]))
    scales = np.array([np.divide(picture.shape[1::-1], region.shape[1::-1]) for picture in pictures])[halvings]
    sides = np.maximum(1, np.rint(extents * scales[:, 0])).astype(int)
    corners = nearest_corner((boxes[:, :2] + boxes[:, 2:]) / 2 * scales, sides)
    places = zip(halvings.tolist(), corners.tolist(), sides.tolist(), strict=True)
    crops = [resize_square(cut_square(pictures[halving], left, top, side), size) for halving, (left, top), side in places]
    windows = np.concatenate([corners / scales, (corners + sides[:, None]) / scales], axis=1)
    return crops, windows + np.tile(origin, 2)


def _around(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture that holds all boxes [N, 4], with its corner (x, y); on whole blocks, so that it halves without a rest."""
    limit = np.array(image.shape[1::-1])
    low = np.clip(np.floor(boxes[:, :2].min(axis=0) / _BLOCK - 1) * _BLOCK, 0, (limit - 1) // _BLOCK * _BLOCK).astype(int)
    high = np.clip(np.ceil(boxes[:, 2:].max(axis=0) / _BLOCK + 1) * _BLOCK, low + 1, limit).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], low


def damped(windows: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Where to look next for the faces found at `boxes` [N, 4] in `windows` [M, 4]: a third of the way back from box to window.

    O-Net overshoots: looking in its last box again and again, it makes boxes that are too large and too small by turns. Half of the
    way back leaves fewer labels as they are where every frame is detected.
    """
    if not len(windows):
        return boxes
    overlap = intersection_over_union(boxes, windows)
    known = overlap.max(axis=1, keepdims=True) > SAME_FACE
    return np.where(known, (2 * boxes + windows[overlap.argmax(axis=1)]) / 3, boxes)


def overlapping(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the boxes [N, 4] show a face that one of the others [M, 4] shows, bool [N]."""
    return (intersection_over_union(boxes, others) > SAME_FACE).any(axis=1)


def _sharing(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the boxes [N, 4] show a face, or a part of one, that one of the others [M, 4] shows, bool [N]."""
    low, high = np.maximum(boxes[:, None, :2], others[None, :, :2]), np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas, other_areas = ((found[:, 2:] - found[:, :2]).prod(axis=1) for found in (boxes, others))
    return overlapping(boxes, others) | (shared > _MOST_SHARED * np.minimum.outer(areas, other_areas)).any(axis=1)


def intersection_over_union(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The overlap [N, M] in [0, 1] of boxes a [N, 4] and b [M, 4]."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b))
    return shared / np.maximum(area_a[:, None] + area_b[None] - shared, np.finfo(np.float32).tiny)


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float, over_smaller: bool = False) -> np.ndarray:
    """Greedy non-maximum suppression: the indices kept of boxes [N, 4], by falling score (ties: the earlier one first).

    Two boxes are one face where their shared area is more than `threshold` of their union, or of the smaller one.
    """
    order = np.argsort(-scores, kind="stable")
    if len(order) < 2:
        return order
    boxes = boxes[order]
    low, high = np.maximum(boxes[:, None, :2], boxes[:, :2]), np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    whole = np.minimum(areas[:, None], areas) if over_smaller else areas[:, None] + areas - shared
    apart = shared <= threshold * whole
    left, kept = np.ones(len(boxes), bool), []
    for number in range(len(boxes)):
        if left[number]:
            kept.append(number)
            left &= apart[number]
    return order[kept]


def _normalised(images: list[np.ndarray]) -> np.ndarray:
    return cv2.dnn.blobFromImages(images, 1 / 128, mean=(127.5, 127.5, 127.5))


def _moved(boxes: np.ndarray, regression: np.ndarray) -> np.ndarray:
    return boxes + regression * np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def _resized(boxes: np.ndarray, share: float) -> np.ndarray:
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * share
    return np.concatenate([centre - half, centre + half], axis=1)


def _squared(boxes: np.ndarray) -> np.ndarray:
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)
