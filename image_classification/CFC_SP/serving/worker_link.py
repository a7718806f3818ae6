# SPDX-License-Identifier: Apache-2.0
"""The server's end of one worker process."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from ..support.processor_time import computed_s
from ..support.threads import set_thread_counts, usable_cores
from .messages import packed, receive_message

# So often a process that owes a message is looked at in the time in which it is to compute something at least.
LOOKS = 20
_ROOT = Path(__file__).parents[3]
_START = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from {__package__}.worker import main; main(*sys.argv[1:])"


class WorkerEndedError(Exception):
    """The worker process is gone, or does not answer."""


class WorkerLink:
    """A worker process and the socket to it. Hostile files are opened there alone; it ends with the server, however that ends."""

    def __init__(self, process: subprocess.Popen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls, job: str, load: tuple[str, dict], workers: int = 1) -> Self:
        """Starts a process that does `job`, one of worker.JOBS, with the recognizer that `load` names; `workers` share the cores.

        Raises WorkerEndedError where the machine has no room for one.
        """
        ours, theirs = socket.socketpair()
        environment = dict(os.environ)
        environment.setdefault("OMP_NUM_THREADS", str(max(1, usable_cores() // workers)))
        set_thread_counts(environment)
        words = [sys.executable, "-c", _START, str(theirs.fileno()), job, json.dumps(load)]
        try:
            with theirs:
                process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment)
        except OSError as error:
            ours.close()
            raise WorkerEndedError(f"a worker process cannot be started ({error.strerror})") from error
        return cls(process, *await asyncio.open_connection(sock=ours))

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    async def send(self, message: dict, payload: bytes = b"") -> None:
        """Sends a message; raises WorkerEndedError where nobody is there."""
        try:
            self._writer.write(packed(message, payload))
            await self._writer.drain()
        except OSError as error:
            raise WorkerEndedError("the worker process has ended") from error

    async def receive(self, limit_s: float | None = None) -> dict:
        """The next message; raises WorkerEndedError where the process ends first, computes for `limit_s` seconds without saying anything,
        or does not even compute for so long."""
        coming = asyncio.ensure_future(receive_message(self._reader))
        try:
            if limit_s is not None:
                await self._watch(coming, limit_s)
            message, _ = await coming
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise WorkerEndedError("the worker process has ended") from error
        finally:
            coming.cancel()
        return message

    async def idle_until(self, work: Coroutine) -> Any:
        """What `work` gives; raises WorkerEndedError where the process, which owes nothing meanwhile, ends first."""
        coming, working = asyncio.ensure_future(receive_message(self._reader)), asyncio.ensure_future(work)
        try:
            await asyncio.wait((coming, working), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise WorkerEndedError("the worker process has ended")
            return working.result()
        finally:
            coming.cancel()
            working.cancel()
            await asyncio.gather(coming, working, return_exceptions=True)

    async def _watch(self, coming: asyncio.Future, limit_s: float) -> None:
        """Returns when `coming` is done; raises WorkerEndedError as `receive`. Work is counted, not time: a busy machine gives a sound
        process little of it."""
        first, last, idle_looks = None, 0.0, 0
        while not (await asyncio.wait({coming}, timeout=limit_s / LOOKS))[0]:
            before, last = last, computed_s(self.pid)
            first = last if first is None else first
            idle_looks = idle_looks + 1 if last == before else 0
            if last - first >= limit_s or idle_looks >= LOOKS:
                raise WorkerEndedError("the worker process does not answer")

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    async def close(self) -> None:
        """Ends the process and returns when it is gone."""
        self.kill()
        self._writer.close()
        await asyncio.to_thread(self._process.wait)
