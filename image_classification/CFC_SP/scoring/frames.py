# SPDX-License-Identifier: Apache-2.0
"""What is scored: the frames of a split video by video, those without a crop too; or still pictures, each by itself."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.labels import EXPR, IGNORED
from ..data.affwild2 import CROPS, alignment_of, crop_name, videos_of
from ..data.datasets import DATASETS, Pictures, StageData
from ..data.picture_files import PictureFiles, folder_of
from ..support.errors import UserError

MOVING = "affwild2"


@dataclass(frozen=True)
class Frames:
    """N frames in order, of V videos that lie one after the other, or N still pictures.

    source: the pictures that there are; picture: the number of each frame's own, int64 [N], -1 where it has none. classes: int64 [N] in
    EXPR order, -1 where it is not annotated. videos: the V names, none of stills. bounds: int64 [V + 1], video v is
    bounds[v]:bounds[v + 1]; of stills all of them.
    """

    source: Pictures
    picture: np.ndarray
    classes: np.ndarray
    videos: tuple[str, ...]
    bounds: np.ndarray

    def __len__(self):
        return len(self.picture)

    def pictures(self) -> StageData:
        """Every picture once, whatever its class, as the loader takes them."""
        count = len(self.source.names)
        return StageData(self.source, np.arange(count), np.empty((count, 0), np.float32), self.source.classes, EXPR)


def load_frames(dataset: str, root: str | Path, split: str) -> Frames:
    """The frames of `split` of a data set of data.datasets.DATASETS.

    Raises UserError for an unknown data set, as its reader does, and where no frame has a crop.
    """
    if dataset not in DATASETS:
        raise UserError(f"-dataset: expected one of {', '.join(DATASETS)}, found {dataset!r}")
    if dataset != MOVING:
        source = DATASETS[dataset](root, split)
        count = len(source.names)
        return Frames(source, np.arange(count), source.classes, (), np.array([0, count]))
    videos = list(videos_of(root, split))
    bounds = np.cumsum([0, *(len(video.labels) for video in videos)])
    shown = np.concatenate([start + np.array(video.crops, np.int64) for start, video in zip(bounds[:-1], videos, strict=True)])
    if not len(shown):
        raise UserError(f"{root}: expected crops of {split} videos, found none; make them with `cfc-sp prepare`")
    classes = np.concatenate([video.labels for video in videos])
    picture = np.full(len(classes), IGNORED)
    picture[shown] = np.arange(len(shown))
    names = tuple(crop_name(video.name, frame) for video in videos for frame in video.crops)
    source = PictureFiles(folder_of(root, CROPS), names, classes[shown], alignment_of(root))
    return Frames(source, picture, classes, tuple(video.name for video in videos), bounds)


def nearest(valid: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """For every frame the nearest one of its video that is valid, int64 [N]: itself, or of two as near the earlier; -1 where the video
    has none. valid: bool [N]; bounds as in `Frames`."""
    index = np.arange(len(valid))
    starts, ends = (np.repeat(edges, np.diff(bounds)) for edges in (bounds[:-1], bounds[1:]))
    before = np.maximum.accumulate(np.where(valid, index, -1))
    after = np.minimum.accumulate(np.where(valid, index, len(valid))[::-1])[::-1]
    has_before, has_after = before >= starts, after < ends
    return np.where(has_before & ~(has_after & (after - index < index - before)), before, np.where(has_after, after, -1))


def fingerprint(source: Pictures) -> str:
    """What tells these pictures from any others, 64 hexadecimal digits.

    Pictures in memory: by their bytes. Files: by name, size and the times of their last change, to which a file system holds; reading
    millions of them again would take longer than many a network. A copy of a data set therefore counts as another one.
    """
    digest = hashlib.sha256()
    if not isinstance(source, PictureFiles):
        digest.update("\n".join(source.names).encode())
        digest.update(np.ascontiguousarray(source.pictures))
        return digest.hexdigest()
    for name in source.names:
        try:
            found = (source.root / name).stat()
        except OSError as error:
            raise UserError(
                f"{source.root / name}: cannot be read ({error.strerror}); restore it, or prepare the data set again"
            ) from error
        digest.update(f"{name} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\n".encode())
    return digest.hexdigest()
