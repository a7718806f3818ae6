# SPDX-License-Identifier: Apache-2.0
"""What a worker of a cluster does: the model is loaded once, then it works on clip after clip."""

import os
import socket
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core.records import Summary
from ..support.errors import NetworksEndedError, UserError, shortage
from ..support.packages import import_package
from ..support.remote_files import copy_whole, fetch, is_file, is_remote, joined, size_and_time
from ..support.temporary import temporary_folder
from ..support.threads import set_thread_counts
from ..writers.output import FILES, lies_in
from ..writers.result_json import read_head, read_summary
from .clip_table import DONE, FAILED, TableRow
from .closing_summary import describe
from .many_clips import ClipTask, finished_before
from .recognizer import Recognizer


@dataclass(frozen=True)
class ClipReport:
    """What became of a clip: its `values` in the table, by column, and what is said of it, nothing where all is well."""

    values: dict[str, str] = field(default_factory=dict)
    said: str = ""
    was_finished: bool = False

    @classmethod
    def failed(cls, sentence: str, said: str | None = None) -> "ClipReport":
        """The report of a clip that failed, for the reason in `sentence`."""
        return cls({"state": FAILED, "error": sentence}, said or f"error: {sentence}")

    @property
    def is_failed(self) -> bool:
        """Whether the clip failed."""
        return self.values["state"] == FAILED


class ClipWorker:
    """A recognizer, loaded as `load` says, that does `task` with clips by path or address."""

    def __init__(self, load: tuple, task: ClipTask):
        set_thread_counts(os.environ)
        self._load, self._task = load, task

    def ready(self) -> tuple[str, str, str | None]:
        """What Ray calls this machine and what people call it, once the model is loaded; and why it cannot be loaded, if so."""
        node, refused = import_package("ray", "-ray").get_runtime_context().get_node_id(), None
        try:
            self._recognizer = Recognizer(*self._load)
            self._recognizer.model.predictor.status()
        except NetworksEndedError:
            # No refusal: another worker may well load it.
            raise
        except UserError as error:
            refused = str(error)
        return node, socket.gethostname(), refused

    def work(self, source: str, folder: str, given: str | None = None) -> ClipReport:
        """Works on the clip at `source`, whose results go to the folder of that name, all of them or none. given: what they call it. Raises
        NetworksEndedError where the process that runs the networks is ended meanwhile."""
        try:
            with temporary_folder() as scratch:
                try:
                    report = self._done(source, folder, given or source, Path(scratch))
                except NetworksEndedError:
                    raise
                except UserError as error:
                    # A person knows the clip by its address.
                    report = ClipReport.failed(str(error).replace(f"{scratch}/{_IN}", os.path.dirname(source)))
        except NetworksEndedError:
            # As if this worker had been ended: another one tries once more.
            raise
        except UserError as error:
            report = ClipReport.failed(str(error))
        except Exception as error:
            # A traceback does not travel.
            told = shortage(error)
            report = ClipReport.failed(f"{source}: {told or repr(error)}", None if told else "".join(traceback.format_exception(error)))
        return replace(report, values=report.values | {"machine": socket.gethostname()})

    def _done(self, source: str, folder: str, given: str, scratch: Path) -> ClipReport:
        place = joined(self._task.root, folder)
        if self._task.resume and (before := self._finished(source, folder, scratch, self._task.formats)):
            return self._report(source, folder, before, was_finished=True)
        if is_remote(source):
            (scratch / _IN).mkdir()
        path = fetch(source, scratch / _IN) if is_remote(source) else Path(source)
        check_does_not_overwrite(path, place, self._task.formats)
        task = replace(self._task, root=scratch / _OUT, resume=False)
        outcome = task.done_by(self._recognizer, path, folder, quiet=True, address=given)
        if outcome.error:
            raise outcome.error
        # Other files of the same analysis stay, and so does the clip itself, where its results lie beside it.
        is_beside = not is_remote(source) and not is_remote(place) and lies_in(source, place)
        stays = is_beside or self._finished(source, folder, scratch, ("json",)) is not None
        copy_whole(scratch / _OUT / folder, place, FILES["json"], () if stays else FILES.values())
        return self._report(source, folder, outcome.summary)

    def _finished(self, source: str, folder: str, scratch: Path, formats: tuple[str, ...]) -> Summary | None:
        """The summary of a whole result in these formats; behind an address its files are not read again, since the JSON comes when all
        others are there."""
        root, options = self._task.root, self._task.options
        if not is_remote(source) and not is_remote(root):
            return finished_before(Path(root) / folder, Path(source), formats, options, self._recognizer)
        place = joined(root, folder)
        if not all(is_file(joined(place, FILES[name])) for name in formats):
            return None
        result = fetch(joined(place, FILES["json"]), scratch)
        head, asked = read_head(result), self._recognizer.asked(options)
        if head is None or head["bundle"]["sha256"] != self._recognizer.model.bundle.sha256 or head.get("options") != asked:
            return None
        (size, modified_s), was = size_and_time(source), head["source"]
        # A file system may round the time of a copy.
        is_same = was["size_bytes"] == size and abs(was["modified_s"] - modified_s) < 1e-3
        return read_summary(result) if is_same else None

    def _report(self, source: str, folder: str, summary: Summary, was_finished: bool = False) -> ClipReport:
        row = TableRow(source, folder)
        row.count(summary)
        said = describe(summary, [], details=True) if self._task.verbosity > 0 and not was_finished else ""
        return ClipReport(row.values | {"state": DONE}, said, was_finished)


_IN, _OUT = "in", "out"


def check_does_not_overwrite(path: Path, place: str, formats: tuple[str, ...]) -> None:
    """Raises UserError where a result in the folder at `place` would take the place of the clip at `path`."""
    for final in (Path(place) / FILES[name] for name in formats):
        if not is_remote(place) and final.exists() and path.samefile(final):
            raise UserError(f"expected results beside the clip, found that they would overwrite it at {final}: choose another -out")
