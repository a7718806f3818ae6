# SPDX-License-Identifier: Apache-2.0
"""A worker process that answers questions, one after another."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from .worker_link import WorkerEndedError, WorkerLink

# Of computing; what takes longer is not answered.
ANSWER_S = 60.0
# So often a process that nobody asks is looked at, and another try is made to start one.
LOOK_EVERY_S = 1.0


class WorkerDesk:
    """Asks one worker process, which is started again when it has ended. restarted: called then."""

    def __init__(self, job: str, load: tuple[str, dict], restarted: Callable[[], None] = lambda: None):
        self._job, self._load, self._restarted = job, load, restarted
        self._lock, self._link = asyncio.Lock(), None
        self._tasks: set[asyncio.Task] = set()

    @property
    def is_ready(self) -> bool:
        """Whether the process has said that it is ready, and not ended since."""
        return self._link is not None and not self._link.has_ended

    async def keep(self) -> None:
        """Starts the process, and again whenever it has ended, until cancelled.

        Not only when somebody asks: nobody does as long as the server does not say that it is ready, and whoever does would wait for it.
        """
        while True:
            if not self.is_ready:
                # What cannot be had now, for lack of memory or of open files, may be had in a moment.
                with suppress(WorkerEndedError, OSError):
                    await self.open()
            await asyncio.sleep(LOOK_EVERY_S)

    async def open(self) -> None:
        """Starts the process and waits until it is ready; raises WorkerEndedError where it does not become so."""
        async with self._lock:
            await self._open()

    async def ask(self, message: dict, payload: bytes = b"") -> dict:
        """The answer to `message`. Questions are answered in the order in which they are asked.

        Raises WorkerEndedError where the process ends on it, or computes for ANSWER_S without giving one.
        """
        # Whoever asked may go away; the answer is taken in all the same, or the next one would get it.
        return await asyncio.shield(self._begin(self._exchange(message, payload)))

    async def close(self) -> None:
        """Ends the process."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _begin(self, work) -> asyncio.Task:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _open(self) -> WorkerLink:
        if self._link is not None and self._link.has_ended:
            # While nobody asked: that is no try of the one who does now.
            await self._drop()
        if self._link is None:
            link = await WorkerLink.start(self._job, self._load)
            try:
                await link.receive()
            except BaseException:
                await link.close()
                raise
            self._link = link
        return self._link

    async def _drop(self) -> None:
        link, self._link = self._link, None
        await link.close()
        self._restarted()

    async def _exchange(self, message: dict, payload: bytes) -> dict:
        async with self._lock:
            link = await self._open()
            try:
                await link.send(message, payload)
                return await link.receive(ANSWER_S)
            except WorkerEndedError:
                await self._drop()
                raise
