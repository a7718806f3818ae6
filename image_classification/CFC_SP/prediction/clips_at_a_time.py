# SPDX-License-Identifier: Apache-2.0
"""Many clips, several at a time, each in a process of its own: what `many_clips` writes, in less time where there are cores."""

import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from ..inference.bundle import open_bundle
from ..inference.engine_choice import check_choice
from ..support.errors import UserError
from ..support.process_pool import in_processes
from .clip_search import Clip
from .clip_table import ClipTable
from .many_clips import BegunClip, ClipTask, Outcome, tell_failures
from .recognizer import Recognizer
from .recording import finish_left_recordings

# In each process of the pool: its recognizer, or why there is none.
_loaded: list[Recognizer | UserError] = []


def write_clips_at_a_time(load: tuple, jobs: int, clips: Iterable[Clip], task: ClipTask) -> int:
    """What `many_clips.write_clips` does, with `jobs` clips at a time; returns how many failed.

    load: what `Recognizer` takes. The files are the same but for timings, since every process has as many threads as one alone would have,
    and what is said of the clips comes in their order. Raises UserError for jobs below 1 and a bundle, a device or an engine
    that is refused.
    """
    if jobs < 1:
        raise UserError(f"-jobs: expected 1 or more, found {jobs}")
    bundle, device, engine, precision, _ = load
    check_choice(device, engine, precision)
    open_bundle(bundle)
    finish_left_recordings(task.root)
    clips = list(clips)
    table = ClipTable(task.root, lists_failures=len(clips) > 1)
    begun = [BegunClip(table, clip) for clip in clips]
    told = _Told(begun, task.verbosity)
    tasks = {str(place): (task, one.clip.path, one.row.folder) for place, one in enumerate(begun) if not one.fault}
    try:
        for place, result in in_processes(
            _in_this_process, tasks, jobs, "clips", _load, load, shares_cores=False, quiet=task.verbosity < 0
        ):
            told.end(int(place), result)
        told.end_others(Outcome)
    except UserError as error:
        # A process was ended from outside, and with it all others.
        told.end_others(lambda error=error: _raise(error))
    except BaseException as error:
        with suppress(type(error)):
            told.end_others(lambda error=error: _raise(error))
        raise
    tell_failures(told.failed, len(clips))
    return told.failed


class _Told:
    """Ends clips as they are done and tells of them in their order. failed: how many did."""

    def __init__(self, begun: list[BegunClip], verbosity: int):
        self._begun, self._verbosity = begun, verbosity
        self._outcomes: dict[int, Outcome] = {}
        self._next = self.failed = 0

    def end(self, place: int, result) -> None:
        self._outcomes[place] = self._begun[place].end(result)
        while self._next in self._outcomes:
            outcome = self._outcomes[self._next]
            with tqdm.external_write_mode():
                outcome.tell(self._begun[self._next].clip, self._verbosity)
            self.failed += outcome.error is not None
            self._next += 1

    def end_others(self, result) -> None:
        """Ends the clips that are left: those with a fault of their own, and all where `result` raises."""
        interrupted = None
        for place in range(len(self._begun)):
            if place not in self._outcomes:
                try:
                    self.end(place, result)
                except BaseException as error:
                    # The table shall know of each.
                    interrupted = error
        if interrupted is not None:
            raise interrupted


def _raise(error: BaseException) -> NoReturn:
    raise error


def _load(*load) -> None:
    try:
        _loaded.append(Recognizer(*load))
    except UserError as error:
        _loaded.append(error)


def _in_this_process(task: ClipTask, path: Path, folder: str) -> Outcome:
    (recognizer,) = _loaded
    if isinstance(recognizer, UserError):
        return Outcome(error=recognizer)
    outcome = task.done_by(recognizer, path, folder, quiet=True)
    if outcome.error is not None and not isinstance(outcome.error, UserError):
        # A traceback does not travel.
        outcome.error.add_note("In the process that worked on the clip:\n" + "".join(traceback.format_exception(outcome.error)))
    return outcome
