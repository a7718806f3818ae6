# SPDX-License-Identifier: Apache-2.0
"""The queue: each worker process gets one clip at a time, in the order in which they came."""

import asyncio
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .clip_store import DONE, FAILED, WAITING, ClipStore, StoredClip
from .problems import for_client
from .server_metrics import ServerMetrics
from .settings import Settings
from .worker_link import WorkerEndedError, WorkerLink

TRIES = 2
"""How often a clip is begun whose worker process ends meanwhile."""
# A worker that computes for so long and says nothing is stuck: no step between two frames, nor the drawing of a report, takes that long.
STUCK_S = 600.0
CANCEL_S = 5.0
RESTART_S = 1.0
_DIED = "the process that looked at this clip ended twice: it is damaged in a way that no other clip was, or takes too much memory"


@dataclass
class ClipProgress:
    """How far the clip that a worker is on is: the pass, its frames, those expected, and the name of the growing file of rows."""

    link: WorkerLink
    passes: int
    stage: str = "reading"
    frames: int = 0
    expected: int | None = None
    rows: str | None = None
    is_cancelled: bool = False
    begun_s: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1; None where the number of frames is not known."""
        if not self.expected:
            return None
        return min(1.0, ((self.stage != "reading") + min(1.0, self.frames / self.expected)) / self.passes)

    @property
    def left_s(self) -> float | None:
        """About how many seconds are left; None as long as nobody can tell."""
        share = self.share
        return None if not share or share < 0.02 else (time.monotonic() - self.begun_s) * (1 - share) / share


class ClipQueue:
    """Hands the clips of `store` to worker processes. refusal: why no recognizer can be had; None as long as it can."""

    def __init__(self, store: ClipStore, settings: Settings, metrics: ServerMetrics):
        self._store, self._settings, self._metrics = store, settings, metrics
        self._progress: dict[str, ClipProgress] = {}
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._work, self._workers, self._cancelling = asyncio.Event(), [], set()
        self.ready = 0
        self.refusal: str | None = None
        self.refused = asyncio.Event()

    def open(self) -> None:
        """Starts the worker processes."""
        self._workers = [asyncio.create_task(self._run_worker()) for _ in range(self._settings.workers)]

    async def close(self) -> None:
        """Ends the worker processes; clips that they were on are begun again by the next server."""
        tasks = [*self._workers, *self._cancelling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, clip: StoredClip) -> StoredClip:
        """Puts a clip at the end of the queue."""
        clip = self._store.add(clip)
        self._work.set()
        return clip

    def progress_of(self, clip_id: str) -> ClipProgress | None:
        """How far the clip is, None where no worker is on it."""
        return self._progress.get(clip_id)

    def remove(self, clip: StoredClip) -> None:
        """Cancels a clip that waits or is worked on, or removes its results."""
        progress = self._progress.get(clip.id)
        if progress is None:
            self._store.remove(clip.id)
        else:
            self._store.forget(clip.id)
            progress.is_cancelled = True
            cancelling = asyncio.get_running_loop().create_task(self._cancel(clip.id, progress))
            self._cancelling.add(cancelling)
            cancelling.add_done_callback(self._cancelling.discard)
        self._changed(clip.id)
        # Places in the queue have changed.
        self.wake_watchers()

    @contextmanager
    def watching(self, clip_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something about the clip has changed."""
        event = asyncio.Event()
        self._watchers.setdefault(clip_id, set()).add(event)
        try:
            yield event
        finally:
            self._watchers[clip_id].discard(event)
            if not self._watchers[clip_id]:
                del self._watchers[clip_id]

    async def _cancel(self, clip_id: str, progress: ClipProgress) -> None:
        try:
            await progress.link.send({"cancel": clip_id})
            await asyncio.sleep(CANCEL_S)
        except WorkerEndedError:
            return
        if self._progress.get(clip_id) is progress:
            # It is in the midst of something that looks at no flag.
            progress.link.kill()

    async def _run_worker(self) -> None:
        while self.refusal is None:
            try:
                await self._serve_worker()
            except WorkerEndedError:
                self._metrics.restarts.inc()
            except Exception:
                # A fault of ours, or a full disk, which its traceback tells: the next clip is worked on all the same.
                traceback.print_exc()
            await asyncio.sleep(RESTART_S)

    async def _serve_worker(self) -> None:
        """One worker process from its start to its end."""
        link, is_ready = await WorkerLink.start("clips", self._settings.load, self._settings.workers), False
        try:
            self.refusal = (await link.receive()).get("refused")
            if self.refusal is not None:
                self.refused.set()
                return
            is_ready = True
            self.ready += 1
            while True:
                # One that is killed while it has nothing to do takes no try from the next clip.
                await self._work_on(link, await link.idle_until(self._next()))
        finally:
            self.ready -= is_ready
            await link.close()

    async def _next(self) -> StoredClip:
        while (clip := self._store.first_waiting()) is None:
            self._work.clear()
            await self._work.wait()
        return self._store.begin(clip.id)

    async def _work_on(self, link: WorkerLink, clip: StoredClip) -> None:
        passes = 2 if "mp4" in clip.formats else 1
        progress = self._progress[clip.id] = ClipProgress(link, passes)
        self.wake_watchers()
        limits = self._settings.limits
        message = {"id": clip.id, "path": str(self._store.upload(clip.id)), "name": clip.name, "formats": clip.formats}
        message |= {"options": clip.options, "pixels": limits.pixels, "seconds": limits.seconds}
        try:
            await link.send(message)
            while "ended" not in (answer := await link.receive(STUCK_S)):
                for name in ("rows", "stage", "frames", "expected"):
                    setattr(progress, name, answer.get(name, getattr(progress, name)))
                self._changed(clip.id)
            if not progress.is_cancelled:
                error = for_client(answer["error"]) if "error" in answer else None
                self._store.finish(clip.id, error, limits.keep_uploads)
                self._metrics.clip_ended(DONE if error is None else FAILED, time.monotonic() - progress.begun_s)
        except WorkerEndedError:
            if not progress.is_cancelled and self._store.wait_again(clip.id) >= TRIES:
                self._store.finish(clip.id, _DIED, limits.keep_uploads)
                self._metrics.clip_ended(FAILED, time.monotonic() - progress.begun_s)
            self._work.set()
            raise
        finally:
            del self._progress[clip.id]
            if progress.is_cancelled:
                self._store.remove(clip.id)
                self._metrics.clip_ended("cancelled", time.monotonic() - progress.begun_s)
            self._changed(clip.id)

    def _changed(self, clip_id: str) -> None:
        for event in self._watchers.get(clip_id, ()):
            event.set()

    def wake_watchers(self) -> None:
        """Sets the events of all who watch."""
        for clip_id in self._watchers:
            self._changed(clip_id)

    def describe(self, clip: StoredClip) -> dict:
        """Place and progress of a clip, as far as it has them."""
        progress = self._progress.get(clip.id)
        if progress is None:
            return {"place": self._store.place(clip) if clip.state == WAITING else None, "progress": None}
        told = {name: getattr(progress, name) for name in ("stage", "frames", "expected", "share", "left_s")}
        return {"place": None, "progress": {name: round(value, 3) if isinstance(value, float) else value for name, value in told.items()}}
