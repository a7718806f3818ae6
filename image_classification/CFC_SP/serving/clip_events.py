# SPDX-License-Identifier: Apache-2.0
"""What happens to a clip, as Server-Sent Events: its state, and its rows as they are decided."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from ..writers.output import FILES
from ..writers.rows_csv import COLUMNS
from .clip_queue import ClipQueue
from .clip_store import WAITING, WORKING, ClipStore, StoredClip

ALIVE_S = 15.0
"""Where nothing happens, a comment goes out so often, so that no proxy takes the connection for dead."""
_TEXTS = ("label", "coarse", "raw_label")
_CHUNK_BYTES = 1 << 16
CANCELLED = {"state": "cancelled"}


def row_of(line: list[str]) -> dict:
    """A line of frames.csv as result.json has it: numbers as numbers, null where a frame has no face."""
    return {
        column: None if not value else value if column in _TEXTS else json.loads(value) for column, value in zip(COLUMNS, line, strict=True)
    }


def event(kind: str, data, number: str | None = None) -> bytes:
    """An event as it goes over the wire."""
    name = "" if number is None else f"id: {number}\n"
    return f"{name}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


class RowTail:
    """The rows of one attempt at a clip, from a growing frames.csv; `place` is behind the last byte that was given.

    place: where a client left off; all rows are given where no row ends there.
    """

    def __init__(self, path: Path, place: int = 0):
        self._file = open(path, "rb")  # noqa: SIM115
        self.place = len(self._file.readline())
        if self.place < place <= path.stat().st_size:
            self._file.seek(place - 1)
            self.place = place if self._file.read(1) == b"\n" else self.place

    def rows(self) -> list[dict]:
        """Some of the rows that are there and were not given yet, in order."""
        self._file.seek(self.place)
        whole = self._file.read(_CHUNK_BYTES).rpartition(b"\n")[0]
        self.place += len(whole) + bool(whole)
        return [row_of(line.split(",")) for line in whole.decode().split("\n") if line]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


async def clip_events(
    store: ClipStore, queue: ClipQueue, clip_id: str, describe: Callable[[StoredClip], dict], last: str, closing: asyncio.Event
) -> AsyncIterator[bytes]:
    """The events of a clip until it has ended, or the server does.

    last: the id of the last event that a client saw which lost its connection; rows before it are not sent again. A clip that is begun
    again sends an event `restart`: the rows before it do not count.
    """
    attempt, _, place = last.partition(".")
    attempt, place = (int(attempt), int(place)) if attempt.isdecimal() and place.isdecimal() and len(last) < 40 else (0, 0)
    tail, told = None, None
    with queue.watching(clip_id) as changed:
        try:
            while not closing.is_set():
                changed.clear()
                clip = store.get(clip_id)
                described = CANCELLED if clip is None else describe(clip)
                if clip is not None and clip.attempt != attempt:
                    if tail is not None or attempt:
                        yield event("restart", {})
                    if tail is not None:
                        tail.close()
                    tail, attempt, place = None, clip.attempt, 0
                if tail is None and clip is not None:
                    tail = _open_tail(store, queue, clip_id, place)
                while tail is not None and (rows := tail.rows()):
                    yield event("rows", rows, f"{attempt}.{tail.place}")
                if described != told:
                    told = described
                    yield event("state", described)
                if clip is None or clip.state not in (WAITING, WORKING):
                    return
                try:
                    await asyncio.wait_for(changed.wait(), ALIVE_S)
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            if tail is not None:
                tail.close()


def _open_tail(store: ClipStore, queue: ClipQueue, clip_id: str, place: int) -> RowTail | None:
    progress, folder = queue.progress_of(clip_id), store.results(clip_id)
    names = [FILES["csv"], *([progress.rows] if progress is not None and progress.rows else [])]
    for name in reversed(names):
        with suppress(FileNotFoundError):
            return RowTail(folder / name, place)
    return None
