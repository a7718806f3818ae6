# SPDX-License-Identifier: Apache-2.0
"""Everything of a running server but HTTP: the clips, their queue, the worker processes, and what expires."""

import asyncio
import secrets
import shutil
import time
import traceback
from collections.abc import Iterator, Sized
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus

from fastapi import Request

from ..support.errors import UserError
from ..support.printable import printable
from ..writers.output import check_formats
from .clip_queue import ClipQueue
from .clip_request import clip_options
from .clip_store import WAITING, WORKING, ClipStore, StoredClip
from .problems import UNREADABLE, Problem
from .rate_limit import RateLimit
from .server_metrics import ServerMetrics
from .settings import Settings
from .upload import receive_bytes, receive_file
from .worker_desk import WorkerDesk
from .worker_link import WorkerEndedError

EXPIRE_EVERY_S = 60.0
BUSY_S = 10
"""After how many seconds a client is told to try again where the server is full."""
_MOST_NAME = 200


class Slots:
    """So many of something at a time. what: its name, in the sentence for the one that is too many."""

    def __init__(self, most: int, what: str):
        self._most, self._what = most, what
        self.taken = 0

    def check(self) -> None:
        """Raises Problem where all are taken."""
        if self.taken >= self._most:
            raise busy(f"{self._what} are open at a time here, and all of them are taken")

    @contextmanager
    def one(self) -> Iterator[None]:
        """One of them is taken as long as the block lasts."""
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def busy(sentence: str) -> Problem:
    """What to tell where a limit is reached that others' work frees again."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{sentence}: try again in {BUSY_S} s", BUSY_S)


class Service:
    """Raises UserError where the data folder cannot be used. closing: set when the server begins to end."""

    def __init__(self, settings: Settings):
        limits = settings.limits
        self.settings, self.limits = settings, limits
        self.metrics = ServerMetrics()
        self.store = ClipStore(settings.data)
        self.queue = ClipQueue(self.store, settings, self.metrics)
        restarted = self.metrics.restarts.inc
        self.live, self.checks = (WorkerDesk(job, settings.load, restarted) for job in ("live", "check"))
        self.rate = RateLimit(limits.rate)
        self.uploads = Slots(limits.uploads, f"{limits.uploads} uploads")
        self.streams = Slots(limits.streams, f"{limits.streams} cameras")
        self.watchers = Slots(limits.watchers, f"{limits.watchers} event streams")
        self.closing = asyncio.Event()
        # Those that are open; the program that serves has them.
        self.connections: Sized = ()
        # Pictures wait for each other here, so that a camera's frame waits for one of them at most.
        self._picture = asyncio.Lock()
        self._tasks: list[asyncio.Task] = []
        gauge = self.metrics.gauge
        gauge("waiting_clips", "clips in the queue", lambda: self.store.count(WAITING))
        gauge("working_clips", "clips that are worked on", lambda: self.store.count(WORKING))
        gauge("open_streams", "cameras that are open", lambda: self.streams.taken)
        gauge("result_bytes", "of all results and kept uploads", self.store.total_bytes)
        gauge("ready_workers", "worker processes that wait for clips or work on one", lambda: self.queue.ready)

    async def open(self) -> None:
        """Goes on with what the last server left; returns before the worker processes are ready."""
        self.store.recover()
        self.queue.open()
        self._tasks = [asyncio.create_task(work()) for work in (self._expire, self.checks.keep, self.live.keep)]

    async def close(self) -> None:
        """Ends all processes and tasks."""
        self.begin_closing()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self.queue.close(), self.live.close(), self.checks.close(), return_exceptions=True)
        self.store.close()

    def begin_closing(self) -> None:
        """Ends the event streams, which would otherwise be waited for."""
        self.closing.set()
        self.queue.wake_watchers()

    @property
    def is_ready(self) -> bool:
        """Whether a worker has loaded its networks, and pictures can be answered."""
        return self.queue.ready > 0 and self.live.is_ready

    def check_connections(self) -> None:
        """Raises Problem where more connections are open than are served at a time."""
        if len(self.connections) > self.limits.connections:
            raise busy(f"{self.limits.connections} connections are served at a time here, and all of them are taken")

    def spend(self, address: str) -> None:
        """Counts a request for work; raises Problem where `address` has asked too often."""
        if wait_s := self.rate.wait_s(address):
            sentence = f"at most {self.limits.rate} requests for work a minute are answered here: try again in {wait_s} s"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, sentence, wait_s)

    def check_queue(self) -> None:
        """Raises Problem where the queue is full."""
        if self.store.count(WAITING) >= self.limits.waiting:
            raise busy(f"{self.limits.waiting} clips wait here already")

    async def add_clip(self, request: Request, name: str, formats: str, asked: dict) -> StoredClip:
        """Takes an upload, has it looked at by a worker process, and puts it into the queue; raises Problem and UserError."""
        chosen = check_formats(part.strip() for part in formats.split(","))
        clip_options(asked, self.limits.pixels)
        self.check_queue()
        self.uploads.check()
        clip = StoredClip(secrets.token_hex(16), shown_name(name), chosen, asked, created_s=time.time())
        home = self.store.home(clip.id)
        try:
            with self.uploads.one():
                home.mkdir()
                await receive_file(request, self.store.upload(clip.id), self.limits.clip_bytes)
                source = await self._check(clip)
            # Others may have come in between.
            self.check_queue()
            return self.queue.add(replace(clip, source=source))
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise

    async def add_picture(self, request: Request, name: str) -> dict:
        """The answer to a picture; raises Problem."""
        self.uploads.check()
        with self.uploads.one():
            data = await receive_bytes(request, self.limits.picture_bytes)
            begin, message = time.monotonic(), {"name": shown_name(name), "pixels": self.limits.pixels}
            sentence = "the process that looked at this picture ended twice: send another one"
            async with self._picture:
                answer = _without_error(await _asked_twice(self.live, message, data, sentence))
        self.metrics.picture_seconds.observe(time.monotonic() - begin)
        return answer

    async def _check(self, clip: StoredClip) -> dict:
        message = {"path": str(self.store.upload(clip.id)), "name": clip.name}
        message |= {"pixels": self.limits.pixels, "seconds": self.limits.seconds}
        sentence = "the process that looked at this file ended twice: convert it to H.264 in MP4"
        return _without_error(await _asked_twice(self.checks, message, b"", sentence))["source"]

    async def _expire(self) -> None:
        while True:
            try:
                self.store.expire(self.limits.keep_s, self.limits.keep_bytes)
            except Exception:
                # A full disk, perhaps: the next round comes.
                traceback.print_exc()
            await asyncio.sleep(EXPIRE_EVERY_S)


def shown_name(name: str) -> str:
    """A client's name of a file as results may show it: its last part, short, without what a terminal would obey."""
    return printable(name.replace("\\", "/").rpartition("/")[2].strip())[:_MOST_NAME] or "clip"


async def _asked_twice(desk: WorkerDesk, message: dict, payload: bytes, sentence: str) -> dict:
    for _ in range(2):
        with suppress(WorkerEndedError):
            return await desk.ask(message, payload)
    raise Problem(UNREADABLE, sentence)


def _without_error(answer: dict) -> dict:
    if "error" in answer:
        raise UserError(answer["error"])
    return answer
