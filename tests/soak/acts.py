# SPDX-License-Identifier: Apache-2.0
"""What befalls a day's work: kills, full disks, stalled workers, streams that are cut. Each act says what is wrong, or nothing."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import av

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.prediction.clip_table import COLUMNS, TABLE
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.support.csv_files import read_columns
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.result_json import read_head
from tests import clips, streams
from tests.events import LIMIT_S, wait_until

MAN = clips.real_clip("carphone_pristine.mp4")
NAMES = ("a", "b")
FORMATS = "csv,json,mp4"
# A call is several events' worth of work.
MOST_S = 12 * LIMIT_S


class Desk:
    """Two clips, a folder for what comes of them, and what is known to come of them. draw: all chance of a run."""

    def __init__(self, folder: Path, seed: int):
        self.draw, self.out, self.temporary = random.Random(seed), folder / "out", folder / "tmp"
        self.temporary.mkdir()
        self.clips = [Path(shutil.copyfile(MAN, folder / f"{name}.mp4")) for name in NAMES]
        # By it the processes of a run are known, whoever their parents are.
        self.token = f"SOAK_{os.getpid()}_{seed}"
        self.rows = None
        problem = self.finish()
        assert not problem, problem
        self.rows = (self.out / NAMES[0] / FILES["csv"]).read_bytes()

    def call(self, *words, befall: Callable[[subprocess.Popen], None] = lambda process: None, **options) -> tuple[int, str]:
        """The exit code of predict.py, below 0 where a signal ended it, and its standard error; `befall` is called as soon as it runs."""
        command = [sys.executable, predict.__file__, *map(str, words), "-out", str(self.out)]
        environment = os.environ | {"TMPDIR": str(self.temporary), self.token: "1"}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, **options) as process:
            befall(process)
            _, said = process.communicate(timeout=MOST_S)
        return process.returncode, said

    def finish(self) -> str:
        """Has all clips done, whatever came before; what is wrong then."""
        code, said = self.call(*self.clips, "-formats", FORMATS, "-resume")
        missing = [name for name in NAMES for kind in FORMATS.split(",") if not (self.out / name / FILES[kind]).is_file()]
        return f"the next call ended with {code} and without {missing}: {said[-1500:]}" if code or missing else self.check()

    def check(self, parts: bool = False) -> str:
        """What is half-written, wrong or left behind. parts: those of a process that was killed may be there."""
        wrong = []
        for folder in (path for path in self.out.iterdir() if path.is_dir()):
            files = {path.name for path in folder.iterdir()}
            if FILES["csv"] in files and folder.name in NAMES and self.rows not in (None, (folder / FILES["csv"]).read_bytes()):
                wrong.append(f"other rows in {folder.name}")
            if FILES["json"] in files and read_head(folder / FILES["json"]) is None:
                wrong.append(f"half a JSON in {folder.name}")
            if FILES["mp4"] in files:
                with av.open(str(folder / FILES["mp4"])) as movie:
                    movie.streams.video[0].codec_context.thread_type = "AUTO"
                    if folder.name in NAMES and sum(1 for _ in movie.decode(video=0)) != 120:
                        wrong.append(f"half a movie in {folder.name}")
            left = sorted(name for name in files if name.startswith("."))
            if left and not parts:
                wrong.append(f"{left} in {folder.name}")
        if (self.out / TABLE).exists() and not read_columns(self.out / TABLE, COLUMNS):
            wrong.append("an empty table")
        if not parts and (left := [path.name for path in self.temporary.iterdir()]):
            wrong.append(f"temporary {left}")
        if living := list(self.processes()):
            wrong.append(f"processes {living}")
        return "; ".join(wrong)

    def processes(self, of: int | None = None) -> Iterator[int]:
        """The processes of this run that live, and are children of `of`."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z" and self.token.encode() in (path / "environ").read_bytes() and of in (None, int(parent)):
                    yield int(path.name)
            except OSError:
                continue

    def sleep(self, most_s: float) -> None:
        time.sleep(self.draw.uniform(0, most_s))

    def gone(self) -> bool:
        return not list(self.processes())

    def forget_killed(self) -> None:
        """Removes what no killed process could have removed itself."""
        for path in self.temporary.iterdir():
            shutil.rmtree(path)


def killed(desk: Desk) -> str:
    """The call is killed, or ended by a signal, at some moment."""
    number = desk.draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])

    def befall(process):
        desk.sleep(12)
        process.send_signal(number)

    code, said = desk.call(*desk.clips, "-formats", FORMATS, befall=befall)
    wait_until(desk.gone)
    problem = desk.check(parts=code < 0)
    desk.forget_killed()
    return problem or _traceback(said) or desk.finish()


def worker_killed(desk: Desk) -> str:
    """The process that runs the networks is killed at some moment."""
    code, said = desk.call(*desk.clips, "-formats", FORMATS, befall=lambda process: _to_worker(desk, process, signal.SIGKILL))
    problem = desk.check() or _traceback(said) or ("" if code in (0, 2) else f"exit code {code}")
    return problem or desk.finish()


def worker_stalled(desk: Desk) -> str:
    """The process that runs the networks is stopped for a while, or for ever."""
    for_ever = desk.draw.random() < 0.2

    def befall(process):
        worker = _to_worker(desk, process, signal.SIGSTOP)
        if worker and not for_ever:
            desk.sleep(5)
            _signal(worker, signal.SIGCONT)

    shutil.rmtree(desk.out)
    code, said = desk.call(*desk.clips, "-formats", FORMATS, befall=befall)
    expected = (0, 2) if for_ever else (0,)
    return desk.check() or _traceback(said) or ("" if code in expected else f"exit code {code}: {said[-800:]}") or desk.finish()


def disk_full(desk: Desk) -> str:
    """No file may be larger than some size, which takes the place of a full disk."""
    most = int(10 ** desk.draw.uniform(2, 5.7))
    shutil.rmtree(desk.out)
    code, said = desk.call(*desk.clips, "-formats", FORMATS, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    if not desk.out.exists():
        return _traceback(said)
    return desk.check() or _traceback(said) or ("" if code in (0, 2) else f"exit code {code}") or desk.finish()


def small_disk(desk: Desk) -> str:
    """A disk of some size fills up."""
    shutil.rmtree(desk.out)
    desk.out.mkdir()
    with mounted(desk.out, int(10 ** desk.draw.uniform(4, 6))) as is_mounted:
        if not is_mounted:
            return ""
        code, said = desk.call(*desk.clips, "-formats", FORMATS)
        problem = desk.check() or _traceback(said) or ("" if code in (0, 2) else f"exit code {code}")
    return problem or desk.finish()


def stream_cut(desk: Desk) -> str:
    """A stream breaks off and comes back; the recording is ended by a signal, killed, or ends by itself."""
    number = desk.draw.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, None])
    before = set(desk.out.iterdir())

    def befall(process):
        if number:
            desk.sleep(15)
            process.send_signal(number)

    packets = desk.draw.randint(10, 120)
    own = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    with streams.served(MAN, desk.draw.choice([1.0, 2.0]), packets=packets) as address:
        code, said = desk.call(address, "-formats", FORMATS, "-end", desk.draw.randint(1, 15), befall=befall, **own)
    wait_until(desk.gone)
    # Until it records, a call does not hear signals either.
    problem = desk.check(parts=code < 0) or _traceback(said)
    desk.forget_killed()
    # The next call gives what was killed its names.
    problem = problem or desk.finish()
    for folder in set(desk.out.iterdir()) - before:
        if not problem and folder.is_dir() and (folder / FILES["json"]).exists():
            result = read_result(folder)
            times = [row.time_s for row in result.rows]
            if times != sorted(set(times)) or result.summary.frames != len(times):
                problem = f"{len(times)} rows of {result.summary.frames} frames in {folder.name}"
        shutil.rmtree(folder) if folder.is_dir() else None
    return problem


def folder_gone(desk: Desk) -> str:
    """The folder of a recording is removed in its midst."""
    before = set(desk.out.iterdir())

    def folders():
        return [path for path in set(desk.out.iterdir()) - before if path.is_dir()]

    first = []

    def parts():
        return [part for path in folders() for part in path.glob(".frames.csv.part-*") if part.stat().st_size > 500]

    def befall(process):
        wait_until(parts, process)
        first.append(int(parts()[0].read_text().splitlines()[1].split(",")[0]))
        for path in folders():
            shutil.rmtree(path, ignore_errors=True)

    with streams.served(MAN) as address:
        code, said = desk.call(address, "-formats", FORMATS, "-end", 4, befall=befall)
    (folder,) = folders() or [None]
    problem = desk.check() or _traceback(said)
    if not problem and (folder is None or code or read_result(folder).rows[0].frame != first[0]):
        problem = f"exit code {code}, rows in {folder}: {said[-800:]}"
    if folder:
        shutil.rmtree(folder)
    return problem


def sessions(desk: Desk, recognizer: Recognizer) -> str:
    """Sessions of one recognizer, some of them left half-way."""
    with closing(recognizer.clip(desk.clips[0], ClipOptions(span=Span(stride=desk.draw.randint(1, 3))))) as session:
        for number, _ in enumerate(session):
            if desk.draw.random() < 0.01 and number > 5:
                break
    with recognizer.stream() as stream, recognizer.video(desk.clips[1], end=0.5) as other:
        for number, picture in enumerate(clips.pictures(5)):
            stream.feed(number / 30, picture)
            next(other)
    return ""


ACTS = (killed, worker_killed, worker_stalled, disk_full, small_disk, stream_cut, folder_gone)


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[bool]:
    """A disk of `size` bytes at `folder`, where this machine lets us have one: whether it does."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "soak", str(folder)], capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", str(folder)], capture_output=True, check=True)


def _to_worker(desk: Desk, process: subprocess.Popen, number: int) -> int | None:
    """Sends a signal to the worker of a call, some moment after its start; None where the call is done by then."""
    wait_until(lambda: process.poll() is not None or list(desk.processes(process.pid)))
    desk.sleep(10)
    worker = next(desk.processes(process.pid), None)
    return worker if worker and _signal(worker, number) else None


def _signal(process: int, number: int) -> bool:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def _traceback(said: str) -> str:
    # Python's own, where Ctrl-C comes as it starts.
    of_python = said.endswith("\nKeyboardInterrupt\n")
    return f"a traceback: {said[-1500:]}" if "Traceback" in said and not of_python else ""
