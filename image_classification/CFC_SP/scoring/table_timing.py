# SPDX-License-Identifier: Apache-2.0
"""How long Tables 2 and 4 take from cached logits, and how much memory: random logits at the size of Aff-Wild2."""

import sys
import time
from pathlib import Path

import numpy as np

from ..core.labels import EXPR, STAGES
from ..data.picture_files import PictureFiles
from ..support.temporary import temporary_folder
from .frames import Frames
from .scorer import Scorer
from .tables import compute, plan, runs_of

AFFWILD2_FRAMES, AFFWILD2_VIDEOS = 2_800_000, 558
WITHOUT_CROP, ANNOTATED = 0.03, 0.9


def time_tables(frames: int = AFFWILD2_FRAMES, videos: int = AFFWILD2_VIDEOS, seed: int = 0) -> dict[str, float]:
    """seconds for reading the logits and computing each table, "peak_mb" of the whole process (NaN on Windows), and the sizes.

    The logits lie on disk as a cache has them; writing them is not counted.
    """
    lines = [line for line in plan({}) if line.table in (2, 4)]
    data = _random_frames(frames, videos, np.random.default_rng(seed))
    with temporary_folder() as folder:
        logits = {name: _random_logits(Path(folder, name), data, stage, seed + i) for i, (name, stage) in enumerate(runs_of(lines).items())}
        begin = time.perf_counter()
        scorer = Scorer(data, logits)
        seconds = {"reading_s": time.perf_counter() - begin}
        for table in (2, 4):
            begin = time.perf_counter()
            compute([line for line in lines if line.table == table], scorer, set(logits))
            seconds[f"table{table}_s"] = time.perf_counter() - begin
    peak = _peak_mb()
    return {"frames": frames, "videos": videos, **seconds, "total_s": sum(seconds.values()), "peak_mb": peak}


def _peak_mb() -> float:
    try:
        import resource
    except ModuleNotFoundError:
        return float("nan")
    # Linux counts in KB, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _random_frames(frames: int, videos: int, rng: np.random.Generator) -> Frames:
    bounds = np.unique([0, frames, *rng.choice(np.arange(1, frames), videos - 1, replace=False)])
    shown = rng.random(frames) >= WITHOUT_CROP
    classes = np.where(rng.random(frames) < ANNOTATED, rng.integers(0, len(EXPR), frames), -1)
    picture = np.where(shown, np.cumsum(shown) - 1, -1)
    return Frames(PictureFiles(Path(), (), classes[shown]), picture, classes, tuple(map(str, range(videos))), bounds)


def _random_logits(path: Path, frames: Frames, stage: str, seed: int) -> np.ndarray:
    shape = len(frames.source.classes), len(STAGES[stage])
    table = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    table[:] = np.random.default_rng(seed).standard_normal(shape, np.float32)
    table.flush()
    return np.load(path, mmap_mode="r")
