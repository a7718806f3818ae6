# SPDX-License-Identifier: Apache-2.0
"""Many clips in one call: a failing one is reported and the rest go on, finished ones can be skipped."""

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..core.records import Summary
from ..support.errors import NetworksEndedError, UserError, shortage
from ..support.files import sha256_of
from ..support.progress import shown, unwatched
from ..support.remote_files import is_remote
from ..video.clip import open_clip
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import read_head, read_summary
from .clip_search import Clip
from .clip_table import ClipTable
from .clip_writer import write_clip
from .closing_summary import describe, describe_files
from .live_output import LiveOutput
from .options import ClipOptions
from .recognizer import Recognizer
from .recording import finish_left_recordings


@dataclass(frozen=True)
class ClipTask:
    """What is asked of each of many clips: where its results lie, which, and how it is looked at.

    resume: clips `finished_before` are skipped. verbosity: -1 says nothing but errors, 0 shows progress and a summary of each clip, 1 more
    of it. Raises UserError for a resume where the formats lack the json that tells what is finished.
    """

    root: str | Path
    formats: tuple[str, ...]
    options: ClipOptions
    resume: bool = False
    verbosity: int = 0

    def __post_init__(self):
        if self.resume and "json" not in self.formats:
            found = ",".join(self.formats)
            raise UserError(f"-resume: expected json among -formats, since result.json records what is finished, found {found}: add json")
        # Whatever becomes of the working directory.
        object.__setattr__(self, "root", self.root if is_remote(self.root) else Path(self.root).absolute())

    def done_by(
        self, recognizer: Recognizer, path: Path, name: str, quiet: bool, live: LiveOutput | None = None, address: str | None = None
    ) -> "Outcome":
        """What became of the clip at `path`, whose results go to the folder of that name. It raises Ctrl-C alone. live: takes the results
        as they are decided. address: what the results call the clip (None: its path)."""
        folder = None
        try:
            if self.resume and (before := finished_before(self.root / name, path, self.formats, self.options, recognizer)):
                # A later call, which did not resume, may have been killed as it wrote them once more.
                OutputFolder(self.root, name, self.formats).remove_left()
                return Outcome(before, was_finished=True)
            folder = OutputFolder(self.root, name, self.formats)
            was_same = finished_before(folder.path, path, ("json",), self.options, recognizer) is not None
            summary = write_clip(recognizer, path, folder, self.options, unwatched if quiet else shown, address, live)
            if not was_same:
                folder.remove_earlier(path)
            return Outcome(summary, folder.files, removed=folder.removed)
        except Exception as error:
            return Outcome(None, folder.files if folder else [], error)


@dataclass(frozen=True)
class Outcome:
    """What became of a clip: its summary, or the error in its place; files: those that are whole; removed: those of an earlier call."""

    summary: Summary | None = None
    files: list[Path] = field(default_factory=list)
    error: Exception | None = None
    was_finished: bool = False
    removed: list[Path] = field(default_factory=list)

    def tell(self, clip: Clip, verbosity: int) -> None:
        """A summary on standard output, an error in one sentence on standard error."""
        if self.error is None:
            if verbosity >= 0:
                skipped = f"{clip.path.name!r}: finished before, skipped."
                print(skipped if self.was_finished else describe(self.summary, self.files, details=verbosity > 0))
                if self.removed:
                    print(f"Removed, since they show an earlier analysis: {', '.join(path.name for path in self.removed)}.")
        elif isinstance(self.error, UserError):
            # What befell the program says nothing of the clip.
            named = isinstance(self.error, NetworksEndedError)
            print(f"error: {os.fspath(clip.path)!r}: {self.error}" if named else f"error: {self.error}", file=sys.stderr)
            if self.files:
                print(f"The files written before that are complete:\n{describe_files(self.files)}", file=sys.stderr)
        elif sentence := shortage(self.error):
            print(f"error: {os.fspath(clip.path)!r}: {sentence}", file=sys.stderr)
        else:
            # A fault of ours, which its traceback tells: the clips behind this one are looked at all the same.
            traceback.print_exception(self.error)


class BegunClip:
    """A clip and its row in the table, where faults of either are written down."""

    def __init__(self, table: ClipTable, clip: Clip):
        self.clip, self.row, self.fault, self._entered = clip, None, UserError(clip.fault) if clip.fault else None, ExitStack()
        try:
            self.row = self._entered.enter_context(table.clip(clip.path, clip.name))
        except Exception as error:
            self.fault = error

    def end(self, result: Callable[[], Outcome]) -> Outcome:
        """What became of the clip, as `result` tells unless it had a fault already, once the table knows."""
        outcome = Outcome(error=self.fault)
        try:
            with self._entered:
                outcome = outcome if self.fault else result()
                if outcome.error is not None:
                    raise outcome.error
                self.row.count(outcome.summary)
        except Exception as error:
            return outcome if outcome.error is error else Outcome(None, outcome.files, error)
        return outcome


def write_clips(recognizer: Recognizer, clips: Iterable[Clip], task: ClipTask, live: LiveOutput | None = None) -> int:
    """Writes the results of each clip, in a folder each, and their table; returns how many failed.

    A failure is one sentence on standard error. live: takes the results as they are decided.
    """
    finish_left_recordings(task.root)
    clips = list(clips)
    table, failed = ClipTable(task.root, lists_failures=len(clips) > 1), 0
    for clip in clips:
        begun = BegunClip(table, clip)
        outcome = begun.end(lambda begun=begun: task.done_by(recognizer, begun.clip.path, begun.row.folder, task.verbosity < 0, live))
        outcome.tell(clip, task.verbosity)
        failed += outcome.error is not None
    tell_failures(failed, len(clips))
    return failed


def tell_failures(failed: int, count: int) -> None:
    """The closing line, where there is anything to say."""
    if failed and count > 1:
        print(f"error: {failed} of {count} clips failed; the others are done", file=sys.stderr)


def finished_before(folder: Path, path: Path, formats: tuple[str, ...], options: ClipOptions, recognizer: Recognizer) -> Summary | None:
    """The summary of a whole result of the clip at `path` in `folder`; None where there is none.

    Its result.json is whole and of the same bundle, options and clip (size and time of its file), and every other format is there as that
    file's checksums say.
    """
    head = read_head(folder / FILES["json"])
    # Results of earlier versions lack some of this.
    if head is None or head["bundle"]["sha256"] != recognizer.model.bundle.sha256 or head.get("options") != recognizer.asked(options):
        return None
    with open_clip(path, fps=options.fps, max_pixels=options.max_pixels) as reader:
        if any(head["source"][key] != getattr(reader.source, key) for key in ("size_bytes", "modified_s")):
            return None
    wanted = [FILES[name] for name in formats if name != "json"]
    if not all((folder / name).is_file() and head["files"].get(name) == sha256_of(folder / name) for name in wanted):
        return None
    # It may be damaged in what is read of it here alone.
    with suppress(UserError):
        return read_summary(folder / FILES["json"])
    return None
