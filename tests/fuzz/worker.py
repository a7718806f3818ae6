# SPDX-License-Identifier: Apache-2.0
"""A process that analyses one clip after another; a crash or a hang of it costs that clip alone."""

import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import Connection, wait
from pathlib import Path

# Of a processor's time; and of any, for one that waits for ever.
LIMIT_S, LONGEST_S = 60.0, 1800.0


def analyse_forever(pipe: Connection) -> None:
    """Takes (path, out, start_s, formats) until there is no more; answers ("done", frames), ("refused", why) or ("fault", traceback)."""
    from image_classification.CFC_SP.core.span import Span
    from image_classification.CFC_SP.prediction.clip_writer import write_clip
    from image_classification.CFC_SP.prediction.options import ClipOptions
    from image_classification.CFC_SP.prediction.recognizer import Recognizer
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.writers.output import OutputFolder

    recognizer = Recognizer(device="cpu")
    pipe.send("ready")
    while (task := pipe.recv()) is not None:
        path, out, start_s, formats = task
        try:
            summary = write_clip(recognizer, path, OutputFolder(out, path.stem, formats), ClipOptions(span=Span(start_s)))
            pipe.send(("done", summary.frames))
        except UserError as error:
            pipe.send(("refused", str(error)))
        # Whatever else comes is what the test looks for.
        except Exception:
            pipe.send(("fault", traceback.format_exc()))


class Worker:
    """One such process; `task` is what it is at."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=analyse_forever, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.pipe.recv()
        self.task: tuple[Path, Path, float | None, tuple[str, ...]] | None = None

    def begin(self, task) -> None:
        self.task, self._begun, self._computed_s = task, time.monotonic(), self._computed()
        self.pipe.send(task)

    def hangs(self) -> bool:
        """Whether it has been at its task for longer than any takes, however busy the machine is."""
        return self._computed() - self._computed_s > LIMIT_S or time.monotonic() - self._begun > LONGEST_S

    def _computed(self) -> float:
        """Seconds of processor time so far; 0 where this platform does not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> int | None:
        self._process.kill()
        self._process.join()
        return self._process.exitcode


def analyse_all(tasks, workers: int):
    """Yields (task, outcome) as they come; an outcome is the process's answer, ("crash", exit code) or ("hang", seconds)."""
    tasks = iter(tasks)
    busy = {}

    def start(worker: Worker) -> None:
        task = next(tasks, None)
        if task is None:
            worker.end()
        else:
            worker.begin(task)
            busy[worker.pipe] = worker

    for _ in range(workers):
        start(Worker())
    while busy:
        ready = wait(list(busy), timeout=1.0)
        for pipe in list(busy):
            worker, outcome = busy[pipe], None
            if pipe in ready:
                try:
                    outcome = pipe.recv()
                except EOFError:
                    outcome = "crash", worker.end()
            elif worker.hangs():
                worker.end()
                outcome = "hang", LIMIT_S
            if outcome is not None:
                del busy[pipe]
                yield worker.task, outcome
                start(Worker() if outcome[0] in ("crash", "hang") else worker)
