# SPDX-License-Identifier: Apache-2.0
"""The programs in a process of their own, so that this one goes on while they run.

Paddle holds Python's lock while a program runs (3.3.1): in a thread it would only take turns with decoding and detection. And this
process, which has no other use for Paddle, need not import it: the worker's memory settings, threads and signal handlers stay there.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from concurrent.futures import Future
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from ..support.errors import NetworksEndedError, UserError, shortage
from ..support.interrupts import leave_to_the_caller
from ..support.processor_time import computed_s
from ..support.temporary import remove_folders_of
from ..support.threads import set_thread_counts
from .bundle import Bundle, open_bundle

Outputs = tuple[np.ndarray, ...]
# Not by multiprocessing, whose processes begin by running their maker's script again.
_START = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r}); from {__name__} import serve; serve(*map(int, sys.argv[1:]))"
# Room for some batches on their way, so that no sender waits for a run to end; more is for root alone.
_PIPE_BYTES = 1 << 20
# The worker is looked at every TICK_S; one that is asked for something and computes nothing at all for so many looks is stuck.
TICK_S, MOST_IDLE_TICKS = 1.0, 60
_PR_SET_PDEATHSIG = 1


class WorkerPredictor:
    """What `LocalPredictor` is, in a worker process, which ends with this object or with the process that made it.

    Making it does not wait for the worker: what it refuses is raised at the first use, or by `status`. Any thread may use it. Where the
    worker is ended from outside, or is stuck, what was begun raises NetworksEndedError, and `revive` starts another one.
    """

    def __init__(self, bundle: Bundle, device: str = "auto", engine: str = "auto", precision: str = "auto"):
        self._choice = bundle.folder, device, engine, precision
        self._lock = threading.Lock()
        self._start()

    def revive(self) -> None:
        """Starts another worker where the last one has ended."""
        with self._lock:
            if self._worker.has_ended:
                self._finalizer()
                self._start()

    def status(self) -> dict:
        """As `BundlePrograms.status`; waits until the worker is ready."""
        return self._worker.status()

    def begin(self, name: str, *arrays: np.ndarray) -> "_WorkerRun":
        """Begins a run of the program `name`; runs are done one after another."""
        return self._worker.begin(name, arrays)

    def close(self) -> None:
        """Ends the worker."""
        self._finalizer()

    def _start(self) -> None:
        self._worker = _Worker(self._choice)
        self._finalizer = weakref.finalize(self, self._worker.end)


class _WorkerRun:
    """seconds: how long the run took, once `result` has returned."""

    def __init__(self, worker: "_Worker", number: int):
        self._worker, self._number = worker, number
        self._answer: tuple[Outputs, float] | None = None

    @property
    def seconds(self) -> float:
        return 0.0 if self._answer is None else self._answer[1]

    def result(self) -> Outputs:
        if self._answer is None:
            self._answer = self._worker.answer(self._number)
        return self._answer[0]


class _Worker:
    """One worker process, the pipes to it, and a thread that watches it."""

    def __init__(self, choice: tuple):
        self._status: dict | None = None
        self._begun, self._answered, self._answers_waiting = 0, 0, {}
        # What has begun and is still wanted: answers to other runs are dropped.
        self._wanted: weakref.WeakValueDictionary[int, _WorkerRun] = weakref.WeakValueDictionary()
        self._sending, self._receiving = threading.Lock(), threading.Lock()
        self._is_stuck = self._is_cut_off = False
        self._refusal: Exception | None = None
        requests, self._requests = Pipe(duplex=False)
        self._answers, answers = Pipe(duplex=False)
        with requests, answers:
            for pipe in (requests, answers):
                _widen(pipe)
            started: Future[subprocess.Popen] = Future()
            ends = requests.fileno(), answers.fileno()
            self._watcher = threading.Thread(target=self._watch, args=(ends, started), name="worker watch", daemon=True)
            self._watcher.start()
            try:
                self._process = started.result()
            except OSError as error:
                raise UserError(f"cannot start the process that runs the networks ({error.strerror}): close other programs") from error
        try:
            self._requests.send(choice)
        except OSError as error:
            raise self._ended() from error

    @property
    def has_ended(self) -> bool:
        # A process closes its pipes a moment before it ends.
        return self._is_cut_off or self._process.poll() is not None

    def status(self) -> dict:
        if self._status is None:
            with self._receiving:
                self._wait_until_ready()
        return self._status

    def begin(self, name: str, arrays: tuple[np.ndarray, ...]) -> _WorkerRun:
        self.status()
        with self._sending:
            try:
                self._requests.send((name, arrays))
            except OSError as error:
                raise self._ended() from error
            self._begun += 1
            run = _WorkerRun(self, self._begun)
            self._wanted[self._begun] = run
            return run

    def answer(self, number: int) -> tuple[Outputs, float]:
        """The outputs of the run of that number, and its seconds. Whoever waits takes in the answers to others, too."""
        with self._receiving:
            while self._answered < number:
                answer = self._receive()
                self._answered += 1
                if self._answered in self._wanted:
                    self._answers_waiting[self._answered] = answer
            return self._answers_waiting.pop(number)

    def end(self) -> None:
        """Ends the process at once: it has nothing to lose, and would take its time to end."""
        self._process.kill()
        self._watcher.join()
        for pipe in (self._requests, self._answers):
            pipe.close()

    def _wait_until_ready(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        if self._status is None:
            self._receive()

    def _receive(self) -> tuple[Outputs, float]:
        try:
            outputs, seconds, status = self._answers.recv()
        except (EOFError, OSError) as error:
            raise self._ended() from error
        if isinstance(outputs, Exception):
            sentence = shortage(outputs)
            self._refusal = UserError(f"the process that runs the networks {sentence}") if sentence else outputs
            raise self._refusal
        self._status = status
        return outputs, seconds

    def _ended(self) -> NetworksEndedError:
        self._is_cut_off = True
        if self._is_stuck:
            return NetworksEndedError(
                "the process that runs the networks stopped responding and was ended; free some memory and start again"
            )
        return NetworksEndedError("the process that runs the networks was killed; if memory ran out, close other programs and start again")

    def _watch(self, ends: tuple[int, int], started: "Future[subprocess.Popen]") -> None:
        """Starts the process and waits until it ends; one that is stuck is ended.

        The worker dies with the thread that started it, which must last as long as this process: no caller's thread does.
        """
        environment = dict(os.environ)
        set_thread_counts(environment)
        words = [sys.executable, "-P", "-c", _START, *map(str, ends), str(os.getpid())]
        try:
            process = subprocess.Popen(words, pass_fds=ends, stdin=subprocess.DEVNULL, env=environment)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        computed, idle_ticks = 0.0, 0
        while True:
            try:
                process.wait(TICK_S)
                # It may have been killed as it was reading its programs.
                remove_folders_of(process.pid)
                return
            except subprocess.TimeoutExpired:
                pass
            before, computed = computed, computed_s(process.pid)
            # Work is counted, not time: on a busy machine a sound worker computes slowly, but it computes.
            idle_ticks = idle_ticks + 1 if computed == before and self._owes_an_answer() else 0
            if idle_ticks >= MOST_IDLE_TICKS:
                self._is_stuck = True
                process.kill()

    def _owes_an_answer(self) -> bool:
        """Whether something was asked that is neither answered nor waits in the pipe to be read."""
        return (self._status is None or self._answered < self._begun) and not self._answers.poll()


def _widen(pipe: Connection) -> None:
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def serve(requests: int, answers: int, maker: int) -> None:
    """The worker: makes the programs that the first message on the pipe `requests` asks for, then answers every other by a run.

    maker: the process that started it, and with which it ends.
    """
    if sys.platform == "linux":
        # A worker that is stopped would not notice that its pipe is closed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != maker:
            return
    # This process ends when the other closes its pipe.
    leave_to_the_caller()
    with Connection(requests, writable=False) as requests, Connection(answers, readable=False) as answers:
        try:
            _serve(requests, answers)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:
            error.add_note("In the process that runs the networks:\n" + traceback.format_exc())
            answers.send((error, 0.0, None))


def _serve(requests: Connection, answers: Connection) -> None:
    folder, *choice = requests.recv()
    from .programs import BundlePrograms

    programs, outputs, seconds = BundlePrograms(open_bundle(folder), *choice), (), 0.0
    # Loading Paddle has reset SIGTERM.
    leave_to_the_caller()
    while True:
        answers.send((outputs, seconds, programs.status))
        name, arrays = requests.recv()
        begin = time.perf_counter()
        outputs = programs.run(name, *arrays)
        seconds = time.perf_counter() - begin
