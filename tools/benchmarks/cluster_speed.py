# SPDX-License-Identifier: Apache-2.0
"""Many clips: in one process, and on Ray with one worker and with two."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.packages import import_package
from tools.benchmarks.processes import own_mb
from tools.benchmarks.startup import predict_command
from tools.benchmarks.stream_copy import first_frame_of

WAYS = (0, 1, 2)
"""Workers on Ray; 0: one process, without Ray."""
# Clips of one frame in the shorter and the longer call, where the calls are compared.
FEW, MORE = 100, 300
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Call:
    """Seconds of a call of predict.py, and the memory of its own process, in MB, at its middle and at its end."""

    seconds: float
    middle_mb: float
    end_mb: float


def measure(arguments) -> Iterator[list[dict]]:
    """Rows of whole clips, of clips of one frame, and of as many of those as `limit` seconds allow.

    What a clip takes is the difference of a longer call and a shorter one over the clips that it has more: no start counts.
    """
    import_package("ray", "benchmark.py cluster")
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        first = Path(folder, "first.mkv")
        first_frame_of(arguments.video, first)
        whole = Path(arguments.video)
        yield _compared(whole.name, _rates(whole, arguments, WAYS, arguments.copies, 3 * arguments.copies))
        tiny = _rates(first, arguments, WAYS, FEW, MORE)
        yield _compared("one frame", tiny)
        count = min(arguments.tiny, int(arguments.limit / tiny[WAYS[-1]][0]))
        yield _compared("one frame", tiny[:1] + _rates(first, arguments, WAYS[-1:], MORE, max(count, 2 * MORE)))[1:]


def _rates(clip: Path, arguments, ways: tuple[int, ...], few: int, more: int) -> list[tuple[float, int, int, Call]]:
    """By way: seconds a clip, the workers, the clips of the longer call, and that call."""
    found = []
    for workers in ways:
        short, long = (timed_call(clip, count, arguments.bundle, workers) for count in (few, more))
        found.append(((long.seconds - short.seconds) / (more - few), workers, more, long))
    return found


def _compared(name: str, rates: list[tuple[float, int, int, Call]]) -> list[dict]:
    """Rows of what was measured, each beside the first, that of one process."""
    return [
        {
            "clip": name,
            "workers_on_ray": workers,
            "clips": clips,
            "seconds": round(call.seconds, 1),
            "ms_a_clip": round(1000 * seconds, 2),
            "times_one_process": round(rates[0][0] / seconds, 2),
            "own_mb_middle": round(call.middle_mb, 1),
            "own_mb_end": round(call.end_mb, 1),
        }
        for seconds, workers, clips, call in rates
    ]


def timed_call(clip: Path, count: int, bundle: str, workers: int) -> Call:
    """predict.py over `count` links to `clip`; raises UserError with its last words where it fails."""
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        clips = Path(folder, "clips")
        clips.mkdir()
        for number in range(count):
            (clips / f"{number:05d}{clip.suffix}").symlink_to(clip.resolve())
        words = ["-formats", "csv,json", *(["-ray", "auto", "-jobs", str(workers)] if workers else [])]
        looks, begin = [], time.perf_counter()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            with subprocess.Popen([*predict_command(clips, bundle, folder), *words], stdout=subprocess.DEVNULL, stderr=said) as process:
                while process.poll() is None:
                    looks.append(own_mb(process.pid))
                    time.sleep(LOOK_EVERY_S)
            seconds = time.perf_counter() - begin
            if process.returncode:
                said.seek(0)
                raise UserError(f"expected predict.py to read the clips, found: {said.read().strip().splitlines()[-1]}")
    # The last look may find it ended.
    looks = [look for look in looks if look]
    return Call(seconds, looks[len(looks) // 2], looks[-1])
