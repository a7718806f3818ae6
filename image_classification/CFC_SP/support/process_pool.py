"""Work on many files in several processes, results as they come."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any

from tqdm import tqdm

from .errors import UserError


def in_processes(
    function: Callable, tasks: Mapping[str, tuple], jobs: int, what: str, start: Callable = print, settings: tuple = ()
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls `function(*arguments)` for every name -> arguments of `tasks` in `jobs` fresh processes, each of which has called
    `start(*settings)` first; yields (name, result), where `result()` gives what the call returned or raises what it raised.

    All of them share the machine's cores evenly, and a progress bar counts `what`. When the caller leaves early, nothing that
    waits is begun; when it is killed, so are they. Raises UserError where `jobs` is below 1, or where a process was ended from outside.
    """
    if jobs < 1:
        raise UserError(f"-jobs: expected 1 or more, found {jobs}")
    # The cores are shared out before the workers import Paddle or OpenCV.
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // jobs))
    with ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (start, settings)) as pool:
        futures: dict[Future, str] = {pool.submit(function, *arguments): name for name, arguments in tasks.items()}
        try:
            for future in tqdm(as_completed(futures), total=len(futures), desc=what, dynamic_ncols=True, disable=None):
                if isinstance(future.exception(), BrokenProcessPool):
                    raise UserError("a worker process was ended from outside; if memory ran out, take fewer -jobs and start again")
                yield futures[future], future.result
        finally:
            # Not by a shutdown that does not wait: at its end Python 3.11 then stumbles over the pool's closed pipe.
            for future in futures:
                future.cancel()


def _begin(start: Callable, settings: tuple) -> None:
    # A worker that outlived its parent would write to the files that the next call begins again.
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
    start(*settings)
