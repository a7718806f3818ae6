"""The programs in a process of their own, so that this one goes on while they run.

Paddle holds Python's lock while a program runs (3.3.1): in a thread it would only take turns with decoding and detection. And this
process, which has no other use for Paddle, need not wait until it is imported.
"""

import signal
import subprocess
import sys
import time
import traceback
import weakref
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from ..support.errors import UserError
from .bundle import Bundle, open_bundle

# Not by multiprocessing, whose processes begin by running their maker's script anew.
_START = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r}); from {__name__} import serve; serve(*map(int, sys.argv[1:]))"
# Room for some batches on their way, so that no sender waits for a run to end; more is for root alone.
_PIPE_BYTES = 1 << 20


class ProgramsApart:
    """What `Programs` is, in a child process, which ends with this object or with the process that made it.

    Making it does not wait for the child; what making `Programs` raises there is raised at the first use, or by `ready`. Raises
    UserError where the child is ended from outside.
    """

    apart = True

    def __init__(self, bundle: Bundle, device: str = "auto", engine: str = "paddle", precision: str = "auto"):
        self._state: dict | None = None
        self._asked, self._answered, self._outputs = 0, 0, {}
        requests, self._requests = Pipe(duplex=False)
        self._answers, answers = Pipe(duplex=False)
        with requests, answers:
            for pipe in (requests, answers):
                _widen(pipe)
            ends = requests.fileno(), answers.fileno()
            self._child = subprocess.Popen([sys.executable, "-c", _START, *map(str, ends)], pass_fds=ends, stdin=subprocess.DEVNULL)
        self._finalizer = weakref.finalize(self, _end, self._child, self._requests, self._answers)
        self._requests.send((bundle.folder, device, engine, precision))

    @property
    def device(self) -> str:
        return self.ready()["device"]

    @property
    def engine(self) -> str:
        return self.ready()["engine"]

    @property
    def fell_back(self) -> bool:
        return self.ready()["fell_back"]

    @property
    def seconds(self) -> float:
        """How long the runs of `frame` took so far."""
        return 0.0 if self._state is None else self._state["seconds"]

    def close(self) -> None:
        """Ends the child."""
        self._finalizer()

    def ready(self) -> dict:
        """Waits until the child is ready; what it says of itself by now."""
        if self._state is None:
            self._answer()
        return self._state

    def frame(self, crops: np.ndarray) -> tuple[np.ndarray, ...]:
        """As `Programs.frame`."""
        return self.begin_frame(crops)()

    def begin_frame(self, crops: np.ndarray) -> Callable[[], tuple[np.ndarray, ...]]:
        """Begins a run of `frame`; the function returned waits for its outputs. Runs are done one after another."""
        return self._begin("frame", crops)

    def sequence(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """As `Programs.sequence`, after all runs that were begun before."""
        return self._begin("sequence", *arrays)()

    def _begin(self, name: str, *arrays: np.ndarray) -> Callable[[], tuple[np.ndarray, ...]]:
        self.ready()
        try:
            self._requests.send((name, arrays))
        except BrokenPipeError as error:
            raise _ended() from error
        self._asked += 1
        return partial(self._output, self._asked)

    def _output(self, number: int) -> tuple[np.ndarray, ...]:
        while self._answered < number:
            outputs = self._answer()
            self._answered += 1
            self._outputs[self._answered] = outputs
        return self._outputs.pop(number)

    def _answer(self) -> tuple[np.ndarray, ...]:
        try:
            outputs, state = self._answers.recv()
        except EOFError as error:
            raise _ended() from error
        if isinstance(outputs, Exception):
            raise outputs
        self._state = state
        return outputs


def _widen(pipe: Connection) -> None:
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _ended() -> UserError:
    return UserError("the process that runs the networks was ended from outside; if memory ran out, close other programs and start again")


def _end(child: subprocess.Popen, *pipes: Connection) -> None:
    for pipe in pipes:
        pipe.close()
    # It has nothing to lose, and would take its time to end.
    child.kill()
    child.wait()


def serve(requests: int, answers: int) -> None:
    """The child: makes the programs that the first message on the pipe `requests` asks for, then answers every other by a run."""
    # Ctrl-C reaches all processes of a terminal; this one ends when the other closes its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(requests, writable=False) as requests, Connection(answers, readable=False) as answers:
        try:
            _serve(requests, answers)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:
            error.add_note("In the process that runs the networks:\n" + traceback.format_exc())
            answers.send((error, None))


def _serve(requests: Connection, answers: Connection) -> None:
    folder, *choice = requests.recv()
    from .programs import Programs

    programs, outputs, seconds = Programs(open_bundle(folder), *choice), (), 0.0
    while True:
        answers.send((outputs, {name: getattr(programs, name) for name in ("device", "engine", "fell_back")} | {"seconds": seconds}))
        name, arrays = requests.recv()
        begin = time.perf_counter()
        outputs = getattr(programs, name)(*arrays)
        seconds += (time.perf_counter() - begin) * (name == "frame")
