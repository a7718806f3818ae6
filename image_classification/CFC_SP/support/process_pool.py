# SPDX-License-Identifier: Apache-2.0
"""Work on many files in several processes, results as they come."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from tqdm import tqdm

from .errors import UserError

# Whether this process, one of the pool's, is at work on a task.
_is_at_work = False


def in_processes(
    function: Callable,
    tasks: Mapping[str, tuple],
    jobs: int,
    what: str,
    start: Callable = print,
    settings: tuple = (),
    shares_cores: bool = True,
    quiet: bool = False,
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls `function(*arguments)` for every name -> arguments of `tasks` in `jobs` fresh processes, each of which has called
    `start(*settings)` first; yields (name, result), where `result()` gives what the call returned or raises what it raised.

    shares_cores: whether each takes its share of the machine's cores alone. A progress bar counts `what`, unless `quiet`. When the
    caller leaves early or Ctrl-C is pressed, nothing that waits is begun, what is at work meets a KeyboardInterrupt, and its end is waited
    for; when the caller is killed, so are they. Raises UserError where `jobs` is below 1, or where a process was ended from outside.
    """
    if jobs < 1:
        raise UserError(f"-jobs: expected 1 or more, found {jobs}")
    if shares_cores:
        # The cores are shared out before the workers import Paddle or OpenCV.
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // jobs))
    context = get_context("spawn")
    # Closed to end the work: an event would wait for the answer of a process that was killed.
    closed, stop = context.Pipe(duplex=False)
    with closed, stop, ProcessPoolExecutor(jobs, context, _begin, (closed, start, settings)) as pool:
        futures: dict[Future, str] = {pool.submit(_at_work, function, arguments): name for name, arguments in tasks.items()}
        try:
            bar = tqdm(as_completed(futures), total=len(futures), desc=what, dynamic_ncols=True, disable=quiet or None)
            for future in bar:
                if isinstance(future.exception(), BrokenProcessPool):
                    raise UserError("a worker process was ended from outside; if memory ran out, take fewer -jobs and start again")
                yield futures[future], future.result
        except BaseException:
            stop.close()
            raise
        finally:
            # Not by a shutdown that does not wait: at its end Python 3.11 then stumbles over the pool's closed pipe.
            for future in futures:
                future.cancel()


def _at_work(function: Callable, arguments: tuple) -> Any:
    global _is_at_work
    _is_at_work = True
    try:
        return function(*arguments)
    finally:
        _is_at_work = False


def _begin(stop: Connection, start: Callable, settings: tuple) -> None:
    # A worker that outlived its parent would write to the files that the next call begins again.
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
    # Ctrl-C reaches every process of a terminal; of these the one that people talk to passes it on, to those at work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_pass_on, args=(stop,), daemon=True).start()
    start(*settings)


def _pass_on(stop: Connection) -> None:
    with suppress(EOFError, OSError):
        stop.recv()
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)
    else:
        # To the process, since a signal to this thread would leave the main one waiting for what it waits for.
        os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(*_) -> None:
    global _is_at_work
    if _is_at_work:
        # Once: what is written is taken back meanwhile.
        _is_at_work = False
        raise KeyboardInterrupt
