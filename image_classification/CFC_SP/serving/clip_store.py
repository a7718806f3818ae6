# SPDX-License-Identifier: Apache-2.0
"""The clips that the server knows, in SQLite and one folder each: what outlives it, however it ends."""

import json
import shutil
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ..support.errors import UserError
from ..support.files import make_folder
from ..support.locks import claim
from ..writers.output import FILES

WAITING, WORKING, DONE, FAILED = "waiting", "working", "done", "failed"
RESULT = "result"
"""The folder of a clip's results, in the clip's own."""
_VERSION = 1
_COLUMNS = ("id", "name", "state", "formats", "options", "source", "created_s", "finished_s", "attempt", "deaths", "error", "bytes")
_JSON = ("formats", "options", "source")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS clips (number INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(_COLUMNS)}, UNIQUE (id));
CREATE INDEX IF NOT EXISTS by_state ON clips (state, number);
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True)
class StoredClip:
    """One clip: what was sent, what was asked for, and what became of it.

    state: one of WAITING, WORKING, DONE, FAILED. source: what the container says. attempt: how often work on it began. deaths: how
    often its worker process ended meanwhile. bytes: of all its files. number: its place among all clips that there ever were.
    """

    id: str
    name: str
    formats: tuple[str, ...]
    options: dict = field(default_factory=dict)
    source: dict | None = None
    state: str = WAITING
    created_s: float = 0.0
    finished_s: float | None = None
    attempt: int = 0
    deaths: int = 0
    error: str | None = None
    bytes: int = 0
    number: int = 0


class ClipStore:
    """The data folder. One server has it at a time: raises UserError where another one does, and where it cannot be used."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).absolute()
        self._clips = self.folder / "clips"
        try:
            make_folder(self.folder, "-data")
            # Other users of this machine need not see what was sent.
            self._clips.mkdir(mode=0o700, exist_ok=True)
            lock = claim(self.folder / "lock")
        except OSError as fault:
            raise UserError(
                f"expected a data folder to write to at {str(folder)!r}, found {fault.strerror!r}: choose another -data"
            ) from fault
        if lock is None:
            raise UserError(
                f"expected a data folder of this server's own, found that another one uses {str(folder)!r}: choose another -data"
            )
        self._held = ExitStack()
        self._held.enter_context(lock)
        try:
            self._database = sqlite3.connect(self.folder / "state.sqlite", isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise UserError(f"expected data of version {_VERSION} in {str(folder)!r}, found version {version}: choose another -data")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as fault:
            raise UserError(f"expected a server's data in {str(folder)!r}, found a state.sqlite that cannot be read ({fault})") from fault

    def recover(self) -> None:
        """Makes good what a server left that was killed: what was worked on waits again, and what no clip needs is removed."""
        self._database.execute("UPDATE clips SET state = ? WHERE state = ?", (WAITING, WORKING))
        known = {row[0] for row in self._database.execute("SELECT id FROM clips")}
        for folder in self._clips.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
        for clip in self._found("state = ?", WAITING):
            shutil.rmtree(self.results(clip.id), ignore_errors=True)
        for clip in self.finished():
            # One that is kept was counted.
            if self._size(clip.id) > clip.bytes:
                self.upload(clip.id).unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the database and lets another server have the folder."""
        self._database.close()
        self._held.close()

    def home(self, clip_id: str) -> Path:
        """The folder of a clip. Its name is the id, which this server drew: no name of a client's is in any path."""
        return self._clips / clip_id

    def upload(self, clip_id: str) -> Path:
        """The clip as it was sent."""
        return self.home(clip_id) / "upload"

    def results(self, clip_id: str) -> Path:
        """The folder of its results."""
        return self.home(clip_id) / RESULT

    def files(self, clip_id: str) -> dict[str, Path]:
        """Its results that are there, by name."""
        folder = self.results(clip_id)
        return {name: folder / name for name in FILES.values() if (folder / name).is_file()}

    def add(self, clip: StoredClip) -> StoredClip:
        """Puts a clip at the end of the queue."""
        values = [_stored(name, getattr(clip, name)) for name in _COLUMNS]
        marks = ", ".join("?" * len(_COLUMNS))
        self._database.execute(f"INSERT INTO clips ({', '.join(_COLUMNS)}) VALUES ({marks})", values)
        return self.get(clip.id)

    def get(self, clip_id: str) -> StoredClip | None:
        """The clip of that id, None where there is none."""
        return next(iter(self._found("id = ?", clip_id)), None)

    def first_waiting(self) -> StoredClip | None:
        """The clip that is to be worked on next."""
        return next(iter(self._found("state = ? ORDER BY number LIMIT 1", WAITING)), None)

    def finished(self) -> list[StoredClip]:
        """The clips that are done or failed, those that ended first in front."""
        return self._found("finished_s IS NOT NULL ORDER BY finished_s, number")

    def place(self, clip: StoredClip) -> int:
        """How many clips are worked on before one that waits is, and itself: 1 is next."""
        query = "SELECT count(*) FROM clips WHERE state = ? AND number <= ?"
        return self._database.execute(query, (WAITING, clip.number)).fetchone()[0]

    def count(self, state: str) -> int:
        """How many clips are in that state."""
        return self._database.execute("SELECT count(*) FROM clips WHERE state = ?", (state,)).fetchone()[0]

    def total_bytes(self) -> int:
        """Of all files of all clips, as far as they are finished."""
        return self._database.execute("SELECT coalesce(sum(bytes), 0) FROM clips").fetchone()[0]

    def begin(self, clip_id: str) -> StoredClip:
        """Notes that work on a clip begins."""
        shutil.rmtree(self.results(clip_id), ignore_errors=True)
        self._database.execute("UPDATE clips SET state = ?, attempt = attempt + 1 WHERE id = ?", (WORKING, clip_id))
        return self.get(clip_id)

    def wait_again(self, clip_id: str) -> int:
        """Notes that a clip's worker process has ended: it takes its old place in the queue. How often that was."""
        self._database.execute("UPDATE clips SET state = ?, deaths = deaths + 1 WHERE id = ?", (WAITING, clip_id))
        return self.get(clip_id).deaths

    def finish(self, clip_id: str, error: str | None = None, keep_upload: bool = False) -> None:
        """Notes that a clip is done, or failed with the sentence `error`. The upload goes, unless it is to be kept."""
        if error is not None:
            # A process that was killed leaves half of them.
            shutil.rmtree(self.results(clip_id), ignore_errors=True)
        upload, size = self.upload(clip_id), self._size(clip_id)
        if not keep_upload and upload.is_file():
            size -= upload.stat().st_size
        values = (DONE if error is None else FAILED, error, size, time.time(), clip_id)
        self._database.execute("UPDATE clips SET state = ?, error = ?, bytes = ?, finished_s = ? WHERE id = ?", values)
        if not keep_upload:
            # Not before: were the server killed between the two, the clip would be begun again without it.
            upload.unlink(missing_ok=True)

    def remove(self, clip_id: str) -> None:
        """Removes all there is of a clip."""
        self._database.execute("DELETE FROM clips WHERE id = ?", (clip_id,))
        shutil.rmtree(self.home(clip_id), ignore_errors=True)

    def forget(self, clip_id: str) -> None:
        """Removes a clip from the list alone: its files go when no worker writes them any more."""
        self._database.execute("DELETE FROM clips WHERE id = ?", (clip_id,))

    def expire(self, keep_s: float, keep_bytes: int) -> int:
        """Removes what ended more than `keep_s` seconds ago, and then the oldest until the rest takes at most `keep_bytes`; how many."""
        finished, removed = self.finished(), 0
        total, oldest_s = self.total_bytes(), time.time() - keep_s
        for clip in finished:
            if clip.finished_s < oldest_s or total > keep_bytes:
                self.remove(clip.id)
                total, removed = total - clip.bytes, removed + 1
        return removed

    def _size(self, clip_id: str) -> int:
        return sum(path.stat().st_size for path in self.home(clip_id).rglob("*") if path.is_file())

    def _found(self, condition: str, *values) -> list[StoredClip]:
        rows = self._database.execute(f"SELECT {', '.join(_COLUMNS)}, number FROM clips WHERE {condition}", values)
        return [StoredClip(**{name: _read(name, value) for name, value in zip((*_COLUMNS, "number"), row, strict=True)}) for row in rows]


def _stored(name: str, value):
    return json.dumps(value) if name in _JSON else value


def _read(name: str, value):
    value = json.loads(value) if name in _JSON else value
    return tuple(value) if name == "formats" else value
