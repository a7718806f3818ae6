"""A worker process that answers questions, one after another."""

import asyncio

from .worker_link import WorkerEndedError, WorkerLink

ANSWER_S = 60.0


class WorkerDesk:
    """Asks one worker process, which is started again when it has ended. restarts: how often that was."""

    def __init__(self, job: str, load: tuple[str, dict]):
        self._job, self._load = job, load
        self._lock, self._link = asyncio.Lock(), None
        self._exchanges: set[asyncio.Task] = set()
        self.restarts = 0

    @property
    def is_ready(self) -> bool:
        """Whether the process has said that it is ready, and not ended since."""
        return self._link is not None

    async def open(self) -> None:
        """Starts the process and waits until it is ready; raises WorkerEndedError where it does not become so."""
        async with self._lock:
            await self._open()

    async def ask(self, message: dict, payload: bytes = b"") -> dict:
        """The answer to `message`. Questions are answered in the order in which they are asked.

        Raises WorkerEndedError where the process ends on it or gives none in time.
        """
        # Whoever asked may go away; the answer is taken in all the same, or the next one would get it.
        exchange = asyncio.create_task(self._exchange(message, payload))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._exchanges.discard)
        return await asyncio.shield(exchange)

    async def close(self) -> None:
        """Ends the process."""
        for exchange in list(self._exchanges):
            exchange.cancel()
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _open(self) -> WorkerLink:
        if self._link is None:
            link = await WorkerLink.start(self._job, self._load)
            try:
                await link.receive()
            except BaseException:
                await link.close()
                raise
            self._link = link
        return self._link

    async def _exchange(self, message: dict, payload: bytes) -> dict:
        async with self._lock:
            link = await self._open()
            try:
                await link.send(message, payload)
                return await link.receive(ANSWER_S)
            except WorkerEndedError:
                self._link, self.restarts = None, self.restarts + 1
                await link.close()
                raise
