# SPDX-License-Identifier: Apache-2.0
"""Clips from file to CSV: milliseconds a stage, frames a second, and how that compares with the floor and with others.

The floor is decoding alone plus the networks alone, in full batches, on as many faces as the clip shows. All runs of a clip are
taken in turns, ours, the floor's and the peer's, so that a disturbance of the machine meets all of them.
"""

import re
import shlex
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.prediction.clip_writer import write_clip
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers.output import FILES, OutputFolder
from image_classification.CFC_SP.writers.rows_csv import CsvWriter, read_rows
from tools.benchmarks.measuring import median_of, seconds_of
from tools.benchmarks.processes import forget_peak, peak_mb

RATIOS = ("times_the_floor", "times_the_peer")
RATES = ("frames_per_s", "peer_frames_per_s")
MEMORY = "peak_memory"
_PRINTED_RATE = re.compile(r"([\d.]+) (?:fps|frames/s)")


def measure(arguments) -> Iterator[list[dict]]:
    """The rows of one clip after another, one a measure: the stages, `total`, the floor's two parts, MEMORY, RATES and RATIOS.

    Stages may overlap, so their milliseconds need not add up to the total's.
    """
    with Recognizer(arguments.bundle, "cpu", arguments.engine, arguments.precision) as recognizer:
        networks = NetworksAlone(recognizer.model)
        for path in arguments.video:
            yield _measure_clip(recognizer, networks, path, arguments.peer, arguments.runs)


def _measure_clip(recognizer: Recognizer, networks: "NetworksAlone", path: str, peer: str | None, runs: int) -> list[dict]:
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:

        def analyse():
            forget_peak()
            return write_clip(recognizer, path, OutputFolder(folder, "clip", ("csv",)))

        # Not counted: oneDNN prepares its primitives.
        summary = analyse()
        rows = list(read_rows(Path(folder, "clip", FILES["csv"])))
        found = defaultdict(list)
        for _ in range(runs):
            timings, memory = analyse().timings_s, peak_mb()
            total = timings.pop("total")
            decoding, classifying = seconds_of(lambda: _decode(path), 1)[0], seconds_of(lambda: networks(summary.face_rows), 1)[0]
            writing = seconds_of(lambda: _write(rows, Path(folder, "rows.csv")), 1)[0]
            once = {**timings, "write": writing, "total": total, "floor_decode": decoding, "floor_networks": classifying}
            once |= {MEMORY: memory, "frames_per_s": summary.frames / total, "times_the_floor": total / (decoding + classifying)}
            if peer:
                once["peer_frames_per_s"] = peer_rate(peer, path)
                once["times_the_peer"] = once["frames_per_s"] / once["peer_frames_per_s"]
            for name, value in once.items():
                found[name].append(value)
    known = {
        "clip": Path(path).name,
        "width": summary.source.width,
        "height": summary.source.height,
        "frames": summary.frames,
        "faces": summary.face_rows,
        "bundle": summary.bundle["name"],
        "bundle_sha256": summary.bundle["sha256"],
        "engine": summary.engine,
    }
    return [{**known, "measure": name, "unit": _unit(name), **_median(name, values)} for name, values in found.items()]


def _unit(measure: str) -> str:
    return {**dict.fromkeys(RATIOS, "1"), **dict.fromkeys(RATES, "frames/s"), MEMORY: "MB"}.get(measure, "ms")


def _median(measure: str, values: list[float]) -> dict:
    return median_of(values, 1e3 if _unit(measure) == "ms" else 1).row()


def _decode(path: str) -> None:
    with open_video(path) as reader:
        for _ in reader:
            pass


def _write(rows: list[FrameResult], path: Path) -> None:
    with CsvWriter(path) as writer:
        for row in rows:
            writer.write(row)


class NetworksAlone:
    """The bundle's expression networks on a number of faces, in full batches: what no pipeline around them can undercut."""

    def __init__(self, model: LoadedModel):
        self._predictor, self._batch, size = model.predictor, model.batch, model.geometry.size
        self._crops = np.random.default_rng(0).integers(0, 256, (self._batch, size, size, 3), dtype=np.uint8)
        self(1)

    def __call__(self, faces: int) -> None:
        for _ in range(-(-faces // self._batch)):
            self._predictor.begin("frame", self._crops).result()


def peer_rate(command: str, path: str) -> float:
    """The frames a second that another recipe's `command` prints for the clip; UserError where it fails or prints none."""
    words = [*shlex.split(command), path]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"-peer: cannot run {words[0]!r} ({error.strerror}): give a program and what it needs before the clip") from error
    found = _PRINTED_RATE.findall(done.stdout)
    if done.returncode or not found:
        last = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise UserError(f"-peer: expected {shlex.join(words)} to print 'N fps' or 'N frames/s', found {last!r}: try it by itself")
    return float(found[-1])
