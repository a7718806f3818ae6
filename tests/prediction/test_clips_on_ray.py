# SPDX-License-Identifier: Apache-2.0
"""Clips on a cluster: with a stand-in for Ray, and on Ray itself, machines and workers killed meanwhile."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.prediction import clips_on_ray
from image_classification.CFC_SP.prediction.clip_worker import ClipReport
from image_classification.CFC_SP.prediction.clips_on_ray import write_on_cluster
from image_classification.CFC_SP.prediction.many_clips import ClipTask
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.support.errors import NetworksEndedError, UserError
from tests import clips
from tests.events import LIMIT_S, join, wait_until
from tests.predicting import run

LOAD = ("lite", "cpu", "auto", "auto", None)
ROOT = Path(__file__).resolve().parents[2]
needs_fsspec = pytest.mark.skipif("not __import__('importlib').util.find_spec('fsspec')")


class RayError(Exception):
    pass


class RayTaskError(RayError):
    cause = ZeroDivisionError("by zero")


class StandIn:
    """Does what is asked of Ray at once, in this process. does: what becomes of each clip by its name, the first time, the second..."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, does, refusals=()):
        self.does, self.refusals, self.order, self.killed = {name: list(what) for name, what in does.items()}, list(refusals), [], 0
        self.made = 0

    def nodes(self):
        return [{"Alive": True, "NodeID": "n1", "Resources": {"CPU": 4.0}}]

    def remote(self, **resources):
        return lambda worker: SimpleNamespace(remote=self._make)

    def _make(self, load, task):
        self.made += 1
        return SimpleNamespace(ready=SimpleNamespace(remote=self._ready), work=SimpleNamespace(remote=self._work))

    def _ready(self):
        refused = self.refusals.pop(0) if self.refusals else None
        return _Answer(refused if isinstance(refused, Exception) else ("n1", "machine", refused))

    def _work(self, source, folder, given):
        self.order.append(folder)
        what = self.does.get(folder, [])
        return _Answer(what.pop(0) if what else ClipReport({"state": "done", "machine": "machine"}))

    def wait(self, answers, num_returns, timeout):
        return answers[:1], answers[1:]

    def get(self, answer):
        if isinstance(answer.result, Exception):
            raise answer.result
        return answer.result

    def kill(self, worker):
        self.killed += 1

    def init(self, *address, **settings):
        pass

    def shutdown(self):
        pass


class Stopped(StandIn):
    """Takes SIGTERM for itself, as Ray does, and sends this process a signal when one clip is done."""

    def __init__(self, number):
        super().__init__({})
        self._number = number

    def init(self, *address, **settings):
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))

    def wait(self, answers, num_returns, timeout):
        if len(self.order) == 2:
            os.kill(os.getpid(), self._number)
        return super().wait(answers, num_returns, timeout)


class _Answer:
    def __init__(self, result):
        self.result = result


@pytest.fixture
def three(tmp_path):
    (tmp_path / "in").mkdir()
    for size, name in enumerate("abc", 1):
        (tmp_path / "in" / f"{name}.mp4").write_bytes(b"x" * size)
    return tmp_path / "in"


def written(monkeypatch, folder, ray, jobs=1):
    """How many clips failed on a stand-in for Ray, and the rows of the table by folder."""
    monkeypatch.setitem(sys.modules, "ray", ray)
    root = folder.parent / "out"
    return write_on_cluster("auto", LOAD, [str(folder)], ClipTask(root, ("json",), ClipOptions(), verbosity=-1), jobs=jobs), rows(root)


def rows(root):
    with open(root / "clips.csv", newline="", encoding="utf-8") as file:
        return {row["folder"]: row for row in csv.DictReader(file)}


@needs_fsspec
def test_clips_go_out_by_size_and_each_has_its_row(monkeypatch, three):
    ray = StandIn({})
    failed, table = written(monkeypatch, three, ray)
    assert failed == 0 and ray.order == ["c", "b", "a"]
    assert {row["state"] for row in table.values()} == {"done"} and table["a"]["machine"] == "machine"


@needs_fsspec
def test_a_clip_that_ends_its_worker_is_tried_once_more(monkeypatch, three, capsys):
    ray = StandIn({"b": [RayError("died")]})
    failed, _ = written(monkeypatch, three, ray)
    assert failed == 0 and ray.order == ["c", "b", "b", "a"] and ray.made == 2
    told = "its worker was ended, or lost with its machine: another one tries once more"
    assert capsys.readouterr().err == f"Warning: {three / 'b.mp4'}: {told}\n"


@needs_fsspec
def test_a_clip_that_ends_two_workers_is_told_and_skipped(monkeypatch, three, capsys):
    ray = StandIn({"b": [RayError("died")] * 3})
    failed, table = written(monkeypatch, three, ray, jobs=2)
    assert failed == 1 and ray.order.count("b") == 2
    assert {name: row["state"] for name, row in table.items()} == {"a": "done", "b": "failed", "c": "done"}
    assert "2 workers were ended while they worked on it" in table["b"]["error"]
    assert capsys.readouterr().err.splitlines()[-1] == "error: 1 of 3 clips failed; the others are done"


@needs_fsspec
def test_a_worker_whose_networks_are_ended_is_as_good_as_ended(monkeypatch, three):
    killed = RayTaskError("killed")
    killed.cause = NetworksEndedError("the process that runs the networks was killed")
    ray = StandIn({"b": [killed]})
    failed, _ = written(monkeypatch, three, ray)
    assert failed == 0 and ray.order == ["c", "b", "b", "a"] and ray.made == 2
    failed, table = written(monkeypatch, three, StandIn({"b": [killed] * 2}))
    assert failed == 1 and "2 workers were ended while they worked on it" in table["b"]["error"]


@needs_fsspec
def test_how_many_had_their_results_is_told(monkeypatch, three, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", StandIn({name: [ClipReport({"state": "done"}, was_finished=True)] for name in "ab"}))
    assert run(three, "-ray", "auto", "-resume", out=tmp_path / "out") == 0
    assert capsys.readouterr().out == "2 of 3 clips: finished before, skipped.\n"


@needs_fsspec
def test_a_fault_of_ours_fails_its_clip_alone(monkeypatch, three, capsys):
    failed, table = written(monkeypatch, three, StandIn({"a": [RayTaskError("Traceback of the worker")]}))
    assert failed == 1 and "by zero" in table["a"]["error"] and "Traceback of the worker" in capsys.readouterr().err


@needs_fsspec
def test_a_machine_that_cannot_load_the_model_does_no_work(monkeypatch, three, capsys):
    failed, _ = written(monkeypatch, three, StandIn({}, ["no bundle at x"]), jobs=2)
    assert failed == 0 and "Warning: machine does no work: no bundle at x" in capsys.readouterr().err
    with pytest.raises(UserError, match="machine: no bundle at x"):
        written(monkeypatch, three, StandIn({}, ["no bundle at x"] * 2), jobs=2)
    assert {row["state"] for row in rows(three.parent / "out").values()} == {"stopped"}


@needs_fsspec
def test_workers_that_end_before_they_are_ready_are_told(monkeypatch, three):
    assert written(monkeypatch, three, StandIn({}, [RayError("memory")] * 2))[0] == 0
    with pytest.raises(UserError, match="expected workers that load the model, found that they end before .memory."):
        written(monkeypatch, three, StandIn({}, [RayError("memory")] * 9), jobs=2)


@needs_fsspec
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_who_stops_the_call_reads_one_word(number, monkeypatch, three, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", Stopped(number))
    before = signal.getsignal(signal.SIGTERM)
    assert run(three, "-ray", "auto", "-jobs", 1, out=tmp_path / "out") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "stopped"
    assert {name: row["state"] for name, row in rows(tmp_path / "out").items()} == {"a": "stopped", "b": "stopped", "c": "done"}
    assert signal.getsignal(signal.SIGTERM) == before


@needs_fsspec
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_that_is_stopped_as_ray_starts_ends_well(number, monkeypatch, three, tmp_path, capsys):
    ray, ends = Stopped(number), []
    taken = ray.init

    def init(*address, **settings):
        taken()
        if number == signal.SIGTERM:
            # As the handler of its library does.
            signal.alarm(int(LIMIT_S))
        os.kill(os.getpid(), number)
        ends.append("started")

    ray.init, ray.shutdown = init, lambda: ends.append("ended")
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert run(three, "-ray", "auto", out=tmp_path / "out") == 130
    assert capsys.readouterr().err == "stopped\n" and signal.alarm(0) == 0
    assert ends == (["started", "ended"] if number == signal.SIGINT else [])


@needs_fsspec
def test_without_ray_its_extra_is_told(monkeypatch, three, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert run(three, "-ray", "auto", out=tmp_path / "out") == 2
    assert capsys.readouterr().err == "error: -ray needs the package ray, which is not installed: pip install 'cfc-sp[scale]'\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-ray", "auto", "-formats", "csv"), "-ray: expected json among -formats"),
        (("-ray", "auto", "-jobs", "0"), "-jobs: expected 1 or more, found 0"),
        (("-ray", "auto", "-gpus_per_worker", "-1"), "-gpus_per_worker: expected a number above 0"),
        (("-ray", "auto", "-live", "jsonl"), "-ray: expected files"),
        (("-gpus_per_worker", "1"), "-gpus_per_worker: expected -ray"),
    ],
)
def test_what_cannot_be_is_told_before_ray_starts(words, told, three, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(clips_on_ray, "import_package", lambda *names: pytest.fail("too late"))
    assert run(three, *words, out=tmp_path / "out") == 2
    assert told in capsys.readouterr().err


class WaitingWorker:
    """Makes a file for each clip that it begins, and goes on with it when there is a file of its node's name; with `bad` it ends itself."""

    def __init__(self, load, task):
        self._root = Path(task.root)

    def ready(self):
        import ray

        self._node = ray.get_runtime_context().get_node_id()
        return self._node, self._node, None

    def work(self, source, folder, given):
        (self._root / f"{folder}.begun.{uuid.uuid4().hex}").write_text(self._node)
        if folder == "bad":
            os._exit(1)
        wait_until((self._root / self._node).exists)
        (self._root / f"{folder}.done.{uuid.uuid4().hex}").touch()
        return ClipReport({"state": "done", "machine": self._node})


@pytest.fixture
def two_nodes(monkeypatch):
    """A cluster of two nodes with a CPU each, and the node to be killed."""
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    other = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster, other
    ray.shutdown()
    cluster.shutdown()


CALL = """
import sys
from tests.prediction.test_clips_on_ray import LOAD, ClipOptions, ClipTask, WaitingWorker, write_on_cluster
address, folder, root = sys.argv[1:]
task = ClipTask(root, ("json",), ClipOptions(), verbosity=-1)
sys.exit(write_on_cluster(address, LOAD, [folder], task, worker=WaitingWorker))
"""


@pytest.mark.slow
def test_a_node_is_killed_and_nothing_is_lost_and_nothing_done_twice(two_nodes, tmp_path):
    cluster, other = two_nodes
    names, root = ["bad", *"abcdef"], tmp_path / "out"
    (tmp_path / "in").mkdir()
    root.mkdir()
    for name in names:
        (tmp_path / "in" / f"{name}.mp4").write_bytes(b"x" * (2 if name in "ab" else 1))

    def kill():
        wait_until(lambda: len({path.read_text() for path in root.glob("[ab].begun.*")} - {""}) == 2)
        cluster.remove_node(other, allow_graceful=False)
        (root / cluster.head_node.node_id).touch()

    killer = threading.Thread(target=kill)
    killer.start()
    # Ray, which this process has imported, takes its settings as it is imported.
    call = [sys.executable, "-c", CALL, cluster.address, str(tmp_path / "in"), str(root)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=10 * LIMIT_S)
    join(killer)
    assert (done.returncode, done.stdout) == (1, "")
    assert "or lost with its machine: another one tries once more\n" in done.stderr and "raylet" not in done.stderr
    table = rows(root)
    assert {name: table[name]["state"] for name in names} == {name: "failed" if name == "bad" else "done" for name in names}
    assert [len(list(root.glob(f"{name}.done.*"))) for name in names] == [0, *[1] * 6]
    assert sorted(len(list(root.glob(f"{name}.begun.*"))) for name in names) == [1] * 5 + [2] * 2
    assert len({table[name]["machine"] for name in "abcdef"}) == 1


@pytest.mark.slow
def test_the_files_are_those_of_one_process_and_a_second_call_goes_on(tmp_path, astronaut, monkeypatch, capsys):
    pytest.importorskip("ray")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder = tmp_path / "in"
    folder.mkdir()
    clips.write_clip(folder / "face.mp4", [astronaut] * 8)
    clips.write_clip(folder / "street.mp4", clips.pictures(8))
    (folder / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "list.txt").write_text(f"in/face.mp4\nfile://{folder}/street.mp4\nin/bad.mp4\n")
    assert run(folder, out=tmp_path / "one") == 2
    assert run(tmp_path / "list.txt", "-ray", "auto", "-jobs", 1, out=f"file://{tmp_path}/ray") == 2
    for name in ("face", "street"):
        one, two = tmp_path / "one" / name, tmp_path / "ray" / name
        for file in ("frames.csv", "annotated.mp4"):
            assert (one / file).read_bytes() == (two / file).read_bytes()
        first, second = (json.loads((out / "result.json").read_text()) for out in (one, two))
        assert second["source"].pop("path").endswith(first["source"].pop("path"))
        assert first.pop("timings_s") and second.pop("timings_s") and first == second
    states = {name: row["state"] for name, row in rows(tmp_path / "ray").items()}
    assert states == {"face": "done", "street": "done", "bad": "failed"}
    before = (tmp_path / "ray" / "face" / "result.json").stat().st_mtime_ns
    assert run(tmp_path / "list.txt", "-ray", "auto", "-resume", out=f"file://{tmp_path}/ray") == 2
    assert (tmp_path / "ray" / "face" / "result.json").stat().st_mtime_ns == before
    assert capsys.readouterr().err.splitlines()[-1] == "error: 1 of 3 clips failed; the others are done"


@needs_fsspec
def test_a_machine_on_which_ray_does_not_start_is_told(monkeypatch, three, tmp_path, capsys):
    def init(*address, **settings):
        raise Exception("The current node timed out during startup. Some more.")

    ray = StandIn({})
    ray.init = init
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert run(three, "-ray", "auto", out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.endswith("found that it does not (The current node timed out during startup. Some more.): try again when less runs here\n")
    assert {row["state"] for row in rows(tmp_path / "out").values()} == {"stopped"}


@needs_fsspec
@pytest.mark.parametrize("address", ["localhost:1", "ray://localhost:1", "nowhere", "here:there"])
def test_a_cluster_that_is_not_there_is_told(address, monkeypatch, three, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", StandIn({}))
    assert run(three, "-ray", address, out=tmp_path / "out") == 2
    assert f"-ray {address}: expected auto or the address of a Ray cluster, found none that answers" in capsys.readouterr().err
