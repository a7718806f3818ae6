# SPDX-License-Identifier: Apache-2.0
"""Aff-Wild2's videos -> face crops, cut out as prediction does."""

import shutil
from pathlib import Path

import cv2
import numpy as np

from ..core.aligner import CropGeometry
from ..core.records import Faces
from ..data.affwild2 import annotated_splits, annotation_files
from ..inference.bundle import open_bundle
from ..inference.face_detector import make_detector
from ..support.errors import UserError
from ..video.cuts import CutDetector
from ..video.reader import open_video
from ..video.tracker import FaceTracker
from .crop_report import COLUMNS

ENDINGS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
SIDES = ("left", "right")
QUALITY = 95

_detector = None


def find_annotations(root: Path) -> dict[str, Path]:
    """The annotation files of all sets by the names of their videos."""
    found = {}
    for path in (path for split in annotated_splits(root) for path in annotation_files(root, split)):
        if path.stem in found:
            raise UserError(f"{path}: expected each video in one set, found it in {found[path.stem]} too; take one of them away")
        found[path.stem] = path
    return found


def find_videos(folder: Path, names: set[str]) -> dict[str, Path]:
    """Those of the videos below `folder` whose name without ending is one of `names`."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in ENDINGS or path.stem not in names:
            continue
        if path.stem in found:
            raise UserError(f"-video {folder}: expected one video {path.stem}, found {found[path.stem]} and {path}; take one of them away")
        found[path.stem] = path
    if not found:
        raise UserError(f"-video {folder}: expected videos ({', '.join(ENDINGS)}) with the annotations' names, found none")
    return found


def side_of(name: str) -> str | None:
    """ "left" or "right" where an annotation is that of one of two persons."""
    return next((side for side in SIDES if name.endswith(f"_{side}")), None)


def base_name(name: str) -> str:
    """The video's name without the person's side."""
    side = side_of(name)
    return name.removesuffix(f"_{side}") if side else name


def pick_face(boxes, width: int, side: str | None) -> int | None:
    """The number of the largest of the boxes [N, 4] whose centre is on `side` of a frame `width` px wide; None where there is none."""
    centres, areas = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    allowed = {"left": centres < width / 2, "right": centres >= width / 2, None: centres == centres}[side]
    return int((areas * allowed).argmax()) if allowed.any() else None


class PersonPicker:
    """Picks the face of an annotation's person frame by frame: the largest, or, with a side, the largest of those whose tracks began
    on it. Who crosses the picture stays who they are."""

    def __init__(self, side: str | None):
        self._side, self._sides = side, {}
        self._tracker, self._cuts = FaceTracker(), CutDetector()

    def pick(self, time_s: float, image: np.ndarray, faces: Faces) -> Faces:
        """The person's face in the next frame, or none; faces: those found in it."""
        width = image.shape[1]
        faces = self._tracker.update(time_s, faces, self._cuts.look(image))
        for track, box in zip(faces.tracks.tolist(), faces.boxes, strict=True):
            self._sides.setdefault(track, "left" if (box[0] + box[2]) / 2 < width / 2 else "right")
        own = np.array([self._side in (None, self._sides[track]) for track in faces.tracks.tolist()], bool)
        chosen = pick_face(faces.boxes[own], width, None)
        return faces[own][[] if chosen is None else [chosen]]


def start_worker(bundle: str) -> None:
    """Loads the face detector of `bundle` once for this process, which `cut_faces` uses."""
    global _detector
    # The other workers have the other cores.
    cv2.setNumThreads(1)
    _detector = make_detector(open_bundle(bundle))


def cut_faces(video: Path, folder: Path, labels: int, geometry: CropGeometry) -> dict:
    """Writes the crops of the first `labels` frames of `video` to `folder`, which is named after the annotation and appears when all
    are there; returns the row of COLUMNS."""
    part = folder.with_name(f".part-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    person = PersonPicker(side_of(folder.name))
    try:
        frames = faces = 0
        with open_video(video) as reader:
            for frame in reader:
                frames += 1
                if frames > labels:
                    continue
                face = person.pick(frame.time_s, frame.image, _detector.detect(frame.image))
                for crop in geometry.crop(frame.image, face):
                    faces += 1
                    # Aff-Wild2 counts frames from 1.
                    path = part / f"{frame.index + 1:05d}.jpg"
                    if not cv2.imwrite(str(path), crop[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
                        raise UserError(f"{path} could not be written: the disk may be full")
        # What an interrupted call left without a row in the report, or what was cut for another annotation.
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    without = min(frames, labels) - faces
    numbers = frames, labels, faces, without, reader.damaged, geometry.size
    return dict(zip(COLUMNS, (folder.name, *numbers, geometry.align), strict=True))
