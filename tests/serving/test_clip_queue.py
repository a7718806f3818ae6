# SPDX-License-Identifier: Apache-2.0
"""The queue: order, worker processes that end, a server that is killed."""

import os
import signal

import httpx2
import pytest

from image_classification.CFC_SP.serving.clip_queue import ClipProgress, ClipQueue
from image_classification.CFC_SP.serving.clip_store import ClipStore, StoredClip
from image_classification.CFC_SP.serving.server_metrics import ServerMetrics
from image_classification.CFC_SP.serving.settings import Settings
from image_classification.CFC_SP.support.files import is_alive
from tests.events import wait_until
from tests.served import Served


def test_a_clip_that_ends_its_worker_twice_fails_and_the_next_is_done(client, deadly, clip, send, ended):
    bad, good = (send(client, path, formats="csv").json()["id"] for path in (deadly, clip))
    failed = ended(client, bad)
    assert failed["state"] == "failed" and "ended twice" in failed["error"] and failed["files"] == []
    assert client.service.store.get(bad).attempt == 2
    assert ended(client, good)["state"] == "done"


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_its_clip_begun_again(client, gated, gate, send, ended):
    gate.touch()
    clip_id = send(client, gated, formats="csv").json()["id"]
    wait_until(lambda: client.get(f"/v1/clips/{clip_id}").json()["state"] == "working")
    os.kill(client.service.queue.progress_of(clip_id).link.pid, signal.SIGKILL)
    wait_until(lambda: client.service.store.get(clip_id).attempt == 2)
    gate.unlink()
    assert ended(client, clip_id)["state"] == "done"
    rows = client.get(f"/v1/clips/{clip_id}/files/frames.csv").text.splitlines()
    assert len({row.partition(",")[0] for row in rows}) == 31
    assert 'cfc_sp_clips_total{outcome="done"}' in client.get("/metrics").text


def test_a_worker_that_is_killed_while_it_is_idle_takes_no_try_from_the_next_clip(client, clip, gated, gate, send, ended):
    gate.touch()
    clip_id = send(client, gated, formats="csv").json()["id"]
    wait_until(lambda: client.service.queue.progress_of(clip_id))
    idle = client.service.queue.progress_of(clip_id).link
    gate.unlink()
    ended(client, clip_id)
    idle.kill()
    wait_until(lambda: idle.has_ended)
    clip_id = send(client, clip, formats="csv").json()["id"]
    assert ended(client, clip_id)["state"] == "done" and client.service.store.get(clip_id).deaths == 0


def children_of(process: int) -> list[int]:
    """The processes that a process has started."""
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_server_that_ends_leaves_no_process_and_the_next_goes_on(tmp_path, gated, clip, gate, number):
    gate.touch()
    with Served(tmp_path, fake={"gate": str(gate)}) as server:
        sent = [
            httpx2.post(f"{server.address}/v1/clips", content=path.read_bytes(), params={"formats": "csv"}, timeout=60).json()["id"]
            for path in (gated, clip, clip)
        ]
        state = lambda clip_id: httpx2.get(f"{server.address}/v1/clips/{clip_id}", timeout=60).json()  # noqa: E731
        wait_until(lambda: state(sent[0])["state"] == "working")
        children = children_of(server.process.pid)
        assert len(children) == 3
        server.process.send_signal(number)
        server.process.communicate()
        wait_until(lambda: not any(map(is_alive, children)))
        server.start()
        assert state(sent[2])["place"] is None or state(sent[2])["place"] >= 1
        gate.unlink()
        wait_until(lambda: state(sent[2])["state"] == "done")
        # In the old order: what came last was done last.
        assert [state(clip_id)["state"] for clip_id in sent] == ["done"] * 3


def test_progress_and_the_time_that_is_left():
    progress = ClipProgress(None, passes=2)
    assert progress.share is None and progress.left_s is None
    progress.expected, progress.frames, progress.begun_s = 100, 50, progress.begun_s - 10
    assert progress.share == 0.25 and progress.left_s == pytest.approx(30, rel=0.01)
    progress.stage = "drawing"
    assert progress.share == 0.75


def test_the_queue_is_in_the_order_in_which_clips_came(tmp_path):
    store = ClipStore(tmp_path)
    queue = ClipQueue(store, Settings(tmp_path), ServerMetrics())
    clips = [queue.add(StoredClip(name, name, ("csv",))) for name in "abc"]
    assert [queue.describe(clip)["place"] for clip in clips] == [1, 2, 3]
    store.begin("a")
    assert [queue.describe(store.get(name))["place"] for name in "abc"] == [None, 1, 2]
    store.wait_again("a")
    assert [queue.describe(store.get(name))["place"] for name in "abc"] == [1, 2, 3]
    store.close()
