# SPDX-License-Identifier: Apache-2.0
"""The frames of one camera: the latest is answered, and those that it overtook are counted."""

import asyncio
import secrets
import time
from contextlib import suppress

from .server_metrics import ServerMetrics
from .settings import Limits
from .worker_desk import WorkerDesk
from .worker_link import WorkerEndedError

_ENDED = "the process that looks at frames ended and is started again: go on sending"


class FrameStream:
    """Frames in, answers out. desk: the worker process that looks at them."""

    def __init__(self, desk: WorkerDesk, metrics: ServerMetrics, limits: Limits):
        self._desk, self._metrics, self._limits = desk, metrics, limits
        self._id = secrets.token_hex(8)
        self._came = asyncio.Event()
        self._latest: tuple[int, float, bytes] | None = None
        self._count, self._dropped, self._begin_s, self._last_s = 0, 0, None, -1.0
        self._is_answering = False

    @property
    def owes_an_answer(self) -> bool:
        """Whether a frame waits or is looked at: the client may wait for it before it sends another."""
        return self._is_answering or self._latest is not None

    def put(self, data: bytes, now_s: float) -> None:
        """Takes a frame, which overtakes the one that still waits. now_s: when it came."""
        if self._latest is not None:
            self._dropped += 1
            self._metrics.frames.labels("dropped").inc()
        self._begin_s = now_s if self._begin_s is None else self._begin_s
        self._latest = (self._count, now_s, data)
        self._count += 1
        self._came.set()

    async def next_answer(self) -> dict:
        """Waits for a frame and answers it: its number from 0, the time of its arrival in seconds from the first one's, its faces or an
        error, how many frames were dropped until now, and how long the answer took."""
        await self._came.wait()
        self._came.clear()
        (number, came_s, data), self._latest, self._is_answering = self._latest, None, True
        # Two frames may come in one tick of the clock.
        time_s = self._last_s = max(came_s - self._begin_s, self._last_s + 1e-6)
        answer = await self._asked(data, time_s)
        self._is_answering = False
        self._metrics.frames.labels("refused" if "error" in answer else "answered").inc()
        took_s = time.monotonic() - came_s
        self._metrics.frame_seconds.observe(took_s)
        return {"frame": number, "time_s": round(time_s, 6), **answer, "dropped": self._dropped, "took_ms": round(1000 * took_s, 1)}

    async def close(self) -> None:
        """Lets the worker process forget the stream."""
        if self._desk.is_ready and self._count:
            with suppress(WorkerEndedError):
                await self._desk.ask({"close": self._id})

    async def _asked(self, data: bytes, time_s: float) -> dict:
        if len(data) > self._limits.frame_bytes:
            return {"error": f"expected a frame of at most {self._limits.frame_bytes} bytes, found {len(data)}: send smaller ones"}
        message = {"stream": self._id, "name": "frame", "time_s": time_s, "pixels": self._limits.pixels}
        try:
            return await self._desk.ask(message, data)
        except WorkerEndedError:
            return {"error": _ENDED}
