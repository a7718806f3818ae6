# SPDX-License-Identifier: Apache-2.0
"""Many clips on many machines, which Ray makes one: what `many_clips` writes, whatever becomes of a worker or a machine meanwhile."""

import os
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from tqdm import tqdm

from ..inference.bundle import open_bundle
from ..inference.engine_choice import check_choice
from ..support.errors import NetworksEndedError, UserError
from ..support.interrupts import as_ctrl_c, held_back
from ..support.packages import import_package
from .clip_list import ListedClip, list_clips
from .clip_worker import ClipReport, ClipWorker
from .cluster_slots import slots_of
from .cluster_table import ClusterTable
from .handout import Handout
from .many_clips import ClipTask, tell_failures
from .options import ClipOptions

LOCAL = "auto"
"""The address that stands for a cluster of this machine alone, which ends with the call."""
# So often in a row no worker may be ready before something is wrong with all.
_MOST_STARTS = 3
_WAIT_S = 2.0
_PATIENCE_S = 10.0
# Of results nothing but a row travels.
_STORE_BYTES = 128 << 20


def write_clips_on_ray(arguments, load: tuple, formats: tuple[str, ...], options: ClipOptions) -> int:
    """As `write_on_cluster`, for what a person gave on the command line."""
    task = ClipTask(arguments.out, formats, options, arguments.resume, arguments.verbosity)
    return write_on_cluster(arguments.ray, load, arguments.video, task, arguments.recursive, arguments.jobs, arguments.gpus_per_worker)


def write_on_cluster(
    address: str,
    load: tuple,
    words: Iterable[str],
    task: ClipTask,
    recursive: bool = False,
    jobs: int | None = None,
    gpus_per_worker: float | None = None,
    worker: type = ClipWorker,
) -> int:
    """Writes the results of the clips that `words` list, and their table, on the cluster at `address`; returns how many failed.

    load: what `Recognizer` takes. task.root may be an address, too. jobs: how many workers; None: as many as the cluster has room for.
    worker: what each is an object of. Raises UserError where Ray is not installed, where no cluster answers, and for what all clips lack.
    """
    _check(load, task, jobs, gpus_per_worker)
    import_package("fsspec", "-ray")
    # Ray would report to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # And it would show a lost machine's log on standard output.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    ray = import_package("ray", "-ray")
    clips, notes = list_clips(words, recursive)
    for note in notes if task.verbosity >= 0 else ():
        print(note)
    table = ClusterTable(str(task.root), clips)
    try:
        faults = {place: clip.fault for place, clip in enumerate(clips) if clip.fault}
        handout = Handout([clip.size for clip in clips], faults)
        with tqdm(total=len(clips), desc="clips", dynamic_ncols=True, disable=task.verbosity < 0 or None) as bar:
            news = _ClusterNews(table, clips, bar)
            for place, fault in faults.items():
                news.end(place, ClipReport.failed(fault))
            if handout.unfinished:
                with _cluster(ray, address):
                    count, resources = slots_of(ray.nodes(), jobs, gpus_per_worker or 0.0)
                    make = ray.remote(**resources)(worker).remote
                    _WorkerSlots(ray, lambda: make(_from_anywhere(load), task), handout, news).run(count)
    finally:
        table.stop()
    if news.skipped and task.verbosity >= 0:
        print(f"{news.skipped} of {len(clips)} clips: finished before, skipped.")
    tell_failures(news.failed, len(clips))
    return news.failed


def _check(load: tuple, task: ClipTask, jobs: int | None, gpus_per_worker: float | None) -> None:
    bundle, device, engine, precision, _ = load
    check_choice(device, engine, precision)
    open_bundle(bundle)
    if "json" not in task.formats:
        found = ",".join(task.formats)
        raise UserError(f"-ray: expected json among -formats, since result.json tells that a result is whole, found {found}: add json")
    if jobs is not None and jobs < 1:
        raise UserError(f"-jobs: expected 1 or more, found {jobs}")
    if gpus_per_worker is not None and not 0 < gpus_per_worker < 1000:
        raise UserError(f"-gpus_per_worker: expected a number above 0, such as 1 or 0.5, found {gpus_per_worker:g}")


def _from_anywhere(load: tuple) -> tuple:
    """`load` with the whole path of a bundle's folder: a worker begins elsewhere."""
    return (os.path.abspath(load[0]) if os.path.isdir(load[0]) else load[0], *load[1:])


@contextmanager
def _cluster(ray: ModuleType, address: str) -> Iterator[None]:
    """Connects to the cluster as long as the block lasts; its workers end with it."""
    quiet = {"logging_level": "error", "log_to_driver": False}
    if address == LOCAL:
        # Workers import what this process runs, also from a checkout.
        paths = [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
        here = {"runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}}, "include_dashboard": False}
        quiet |= here | {"object_store_memory": _STORE_BYTES}
    # Around the start, since Ray takes SIGTERM for itself: there it would end the call without a word, and later with a trace.
    with as_ctrl_c(), ExitStack() as ends:
        try:
            if address != LOCAL:
                _knock(address)
            # A start that is broken off may end this process by a fault of Ray's memory.
            with held_back():
                ray.init("local" if address == LOCAL else address, **quiet)
                ends.callback(ray.shutdown)
        except SystemExit as stop:
            # Who raised it may have ordered an abort within seconds.
            if hasattr(signal, "alarm"):
                signal.alarm(0)
            raise KeyboardInterrupt from stop
        except Exception as error:
            # Ray raises many kinds, and the plain one where the machine is too busy for its start.
            said = str(error).strip().partition("\n")[0]
            sentence = f"expected auto or the address of a Ray cluster, found none that answers ({said})"
            if address == LOCAL:
                sentence = f"expected Ray to start on this machine, found that it does not ({said}): try again when less runs here"
            raise UserError(f"-ray {address}: {sentence}") from error
        with as_ctrl_c():
            yield


def _knock(address: str) -> None:
    """Raises an OSError or a ValueError where nobody answers, for whom Ray would wait many minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if not place.hostname or not place.port:
        raise ValueError("no HOST:PORT")
    socket.create_connection((place.hostname, place.port), _PATIENCE_S).close()


class _ClusterNews:
    """What is known of the clips, on its way to the table and the person. failed: how many did. skipped: how many had their results."""

    def __init__(self, table: ClusterTable, clips: list[ListedClip], bar: tqdm):
        self._table, self._bar, self._clips, self.failed, self.skipped = table, bar, clips, 0, 0

    def task(self, place: int) -> tuple[str, str, str | None]:
        """What a worker is told of the clip: where it is, the folder for its results, and what they call it."""
        clip = self._clips[place]
        return clip.source, self._table.folder(clip.source), clip.given

    def end(self, place: int, report: ClipReport) -> None:
        self._table.enter(self._clips[place].source, report.values)
        self.failed += report.is_failed
        self.skipped += report.was_finished
        if report.said:
            with tqdm.external_write_mode():
                print(report.said, file=sys.stderr if report.is_failed else sys.stdout)
        self._bar.update()

    def note(self, workers: int) -> None:
        self._bar.set_postfix_str(f"{workers} at work" + (f", {self.failed} failed" if self.failed else ""), refresh=False)


class _WorkerSlots:
    """Room for workers, each with one that loads the model or works on a clip; one that ends is followed by another."""

    def __init__(self, ray: ModuleType, make, handout: Handout, news: _ClusterNews):
        self._ray, self._make, self._handout, self._news = ray, make, handout, news
        # By what is waited for: the worker, its node, and its clip, which one that is not ready lacks.
        self._waiting: dict = {}
        self._starts = 0

    def run(self, count: int) -> None:
        """Works with `count` workers, no more than there are clips, until all clips are done. Raises UserError where none can be ready."""
        for _ in range(min(count, self._handout.unfinished)):
            self._start()
        while self._handout.unfinished:
            ended, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=_WAIT_S)
            for answer in ended:
                worker, node, place = self._waiting.pop(answer)
                if place is None:
                    self._take_start(answer, worker)
                else:
                    self._take_report(answer, worker, node, place)
            self._news.note(sum(place is not None for *_, place in self._waiting.values()))

    def _start(self) -> None:
        worker = self._make()
        self._waiting[worker.ready.remote()] = worker, None, None

    def _take_start(self, answer, worker) -> None:
        try:
            node, machine, refused = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(worker)
            self._starts += 1
            if self._starts < _MOST_STARTS:
                self._start()
            elif not self._waiting:
                said = " ".join(str(error).split())
                raise UserError(f"-ray: expected workers that load the model, found that they end before ({said})") from error
            return
        if refused:
            if not self._waiting:
                raise UserError(f"{machine}: {refused}")
            _warn(f"{machine} does no work: {refused}")
            self._ray.kill(worker)
            return
        self._starts = 0
        self._give(worker, node)

    def _take_report(self, answer, worker, node: str, place: int) -> None:
        try:
            report = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            if isinstance(error, self._ray.exceptions.RayTaskError) and not isinstance(error.cause, NetworksEndedError):
                # A fault of ours, which its traceback tells.
                self._end(ClipReport.failed(f"{self._news.task(place)[0]}: {error.cause!r}", str(error)), worker, node, place)
                return
            # Where it only cannot be reached, it shall not go on.
            self._ray.kill(worker)
            source = self._news.task(place)[0]
            if given_up := self._handout.worker_ended(place, node, self._living()):
                self._news.end(place, ClipReport.failed(f"{source}: {given_up}"))
            else:
                _warn(f"{source}: its worker was ended, or lost with its machine: another one tries once more")
            self._start()
            return
        self._end(report, worker, node, place)

    def _end(self, report: ClipReport, worker, node: str, place: int) -> None:
        self._handout.done()
        self._news.end(place, report)
        self._give(worker, node)

    def _living(self) -> set[str]:
        return {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}

    def _give(self, worker, node: str) -> None:
        place = self._handout.next()
        if place is None:
            # Its room is free for one that follows a lost worker.
            self._ray.kill(worker)
            return
        self._waiting[worker.work.remote(*self._news.task(place))] = worker, node, place


def _warn(sentence: str) -> None:
    with tqdm.external_write_mode():
        print(f"Warning: {sentence}", file=sys.stderr)
