# SPDX-License-Identifier: Apache-2.0
"""Fifty clients against a server for MINUTES: it answers, keeps its order, and has no more memory, files or processes at the end."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP import cli
from tests import clips
from tests.events import wait_until
from tests.load.clients import Clients

pytestmark = pytest.mark.load

# A process's memory may grow by so much from the first third on: caches, and fragments of the heap.
MOST_GROWTH = 1.15


def children_of(process: int) -> list[int]:
    """The processes below a process, theirs too."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found


def resident_mb(process: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) / 1024


class Watch:
    """What a server holds: open files, processes, memory."""

    def __init__(self, process: int):
        self._process, self.samples = process, []

    def sample(self) -> dict:
        tree = children_of(self._process)
        return {
            "s": time.monotonic(),
            "files": len(os.listdir(f"/proc/{self._process}/fd")),
            "processes": len(tree),
            "server_mb": resident_mb(self._process),
            "all_mb": resident_mb(self._process) + sum(map(resident_mb, tree)),
        }

    async def run(self) -> None:
        while True:
            # A worker may end between the listing and the look.
            with suppress(OSError, TypeError):
                self.samples.append(self.sample())
            await asyncio.sleep(1)


@pytest.fixture
def server(tmp_path):
    clip = shutil.copy(clips.real_clip("carphone_pristine.mp4"), tmp_path / "clip.mp4")
    words = ["serve", "-data", str(tmp_path / "data"), "-port", "0", "-rate", "0", "-queue", "12"]
    process = subprocess.Popen([sys.executable, cli.__file__, *words], stdout=subprocess.PIPE, text=True)
    address = re.search(r"http://([^,]*),", process.stdout.readline())[1]

    def is_ready():
        try:
            return urllib.request.urlopen(f"http://{address}/readyz").status == 200
        except OSError:
            return False

    wait_until(is_ready, process)
    yield process, address, Path(clip), tmp_path / "data"
    process.terminate()
    process.communicate()


def quantiles(seconds: list[float]) -> str:
    p50, p95 = np.quantile(seconds, (0.5, 0.95))
    return f"p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, of {len(seconds)}"


def test_fifty_clients(server):
    process, address, clip, data = server
    minutes = float(os.environ.get("MINUTES", 5))
    clients, watch = Clients(address, clip, time.monotonic() + 60 * minutes), Watch(process.pid)
    before = watch.sample()

    async def load():
        watching = asyncio.create_task(watch.run())
        await clients.run()
        watching.cancel()

    asyncio.run(load())
    wait_until(lambda: b"cfc_sp_working_clips 0.0" in urllib.request.urlopen(f"http://{address}/metrics").read(), process)
    wait_until(lambda: watch.sample()["files"] <= before["files"] + 5, process)
    after = watch.sample()
    for kind, answers in clients.answers.items():
        print(f"{kind}: {', '.join(f'{count} x {status}' for status, count in answers.most_common())}")
    print(f"picture: {quantiles(clients.seconds['picture'])}; frame of a camera: {quantiles(clients.seconds['frame'])}")
    print(f"before {json.dumps(before)}\nafter {json.dumps(after)}")
    assert not clients.faults, clients.faults[:10]
    assert after["processes"] == before["processes"]
    third = [sample for sample in watch.samples if sample["s"] < watch.samples[0]["s"] + 20 * minutes]
    for name in ("server_mb", "all_mb"):
        early = max(sample[name] for sample in third)
        print(f"{name}: {early:.0f} in the first third at most, {after[name]:.0f} at the end")
        assert after[name] <= MOST_GROWTH * early
    with sqlite3.connect(data / "state.sqlite") as database:
        rows = database.execute("SELECT id, finished_s FROM clips WHERE attempt = 1 AND state != 'waiting' ORDER BY number").fetchall()
        known = {row[0] for row in database.execute("SELECT id FROM clips")}
    finished = [row[1] for row in rows]
    assert finished == sorted(finished), "clips end in the order in which they came"
    assert {folder.name for folder in (data / "clips").iterdir()} == known
    assert not [path for path in (data / "clips").rglob("*") if ".part" in path.name or path.name == "upload"]
