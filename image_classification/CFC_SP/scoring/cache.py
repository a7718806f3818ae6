# SPDX-License-Identifier: Apache-2.0
"""Logits that are computed once: a memory-mapped .npy for each network and set of pictures, a small JSON beside it."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..core.labels import STAGES
from ..data.datasets import check_alignment
from ..data.loader import plain_batches
from ..support.errors import UserError
from ..support.files import atomic_path, git_sha, make_folder, read_bounded, sha256_of
from ..support.locks import claim
from ..training.compiled import BATCH, compile_network
from ..weights.trained import load_trained, trained_config
from .frames import Frames, fingerprint

# How much work a kill may cost; a note on the disk costs some milliseconds.
SECONDS_BETWEEN_NOTES = 5.0
_NOTE_BYTES = 1 << 16


class LogitsCache:
    """The logits of the pictures of one split in `folder`, which it makes.

    Of a network they are found again by the sha256 of its weights file, the fingerprint of the pictures, the split, the crop's size and
    whether they are averaged with those of the mirror image. What was interrupted goes on where it stood.
    """

    def __init__(self, folder: str | Path, frames: Frames, dataset: str, split: str, flip: bool = False, device: str = "cpu"):
        self.folder, self._frames, self._device = Path(folder), frames, device
        self._pictures = {"data": dataset, "data_fingerprint": fingerprint(frames.source), "split": split, "flip": flip}
        try:
            make_folder(self.folder, "-cache")
        except OSError as error:
            raise UserError(f"cannot make the cache {folder} ({error.strerror}): choose another -cache") from error

    def logits(self, path: str | Path, stage: str) -> np.ndarray:
        """Logits float32 [P, C] of the checkpoint at `path`, of `stage` or flat, in the classes that it was trained for; read-only and
        memory-mapped: one row a picture, NaN for a damaged one.

        Raises UserError as `load_trained` does, for weights that give NaN, for a full disk, and while another process computes the same.
        """
        config, _ = trained_config(path, *dict.fromkeys((stage, "flat")))
        check_alignment(self._frames.source, config.DATA.ALIGN, path)
        stage = config.STAGE
        key = {"stage": stage, "weights_sha256": sha256_of(path), **self._pictures, "crop_size": config.DATA.CROP_SIZE}
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
        file = self.folder / f"{stage}-{name}.npy"
        shape = len(self._frames.source.names), len(STAGES[stage])
        begin, note = time.perf_counter(), _note_of(file, key, shape)
        found = note["done"]
        if found < shape[0]:
            with _alone(file):
                self._compute(path, stage, file, key, shape)
            print(
                f"logits of {path}: {shape[0] - found} pictures in {time.perf_counter() - begin:.1f} s, {found} from the cache", flush=True
            )
        else:
            print(f"logits of {path}: {found} pictures from the cache", flush=True)
        return np.load(file, mmap_mode="r")

    def _compute(self, path, stage: str, file: Path, key: dict, shape: tuple[int, int]) -> None:
        # Read again, now that nobody else writes.
        done = _note_of(file, key, shape)["done"]
        trained = load_trained(path, stage)
        network = compile_network(trained.model, self._device)
        note = key | {"name": trained.config.NAME, "rows": shape[0], "device": self._device, "git_sha": git_sha()}
        pictures = self._frames.pictures()
        try:
            table = np.load(file, mmap_mode="r+") if done else _new_table(file, shape)
            digest = hashlib.sha256(table[:done])
            noted = time.monotonic()
            with tqdm(total=shape[0], initial=done, desc=trained.config.NAME, dynamic_ncols=True, disable=None) as bar:
                for crops in plain_batches(pictures, trained.config.DATA.CROP_SIZE, BATCH, range(done, shape[0])):
                    rows = slice(done, done + len(crops))
                    table[rows] = self._run(network, crops)
                    whole = pictures.whole()[rows]
                    if not np.isfinite(table[rows][whole]).all():
                        raise UserError(
                            f"{path}: expected finite logits, found NaN or infinity at {pictures.name(done)} or shortly after it"
                        )
                    table[rows][~whole] = np.nan
                    digest.update(table[rows])
                    done = rows.stop
                    bar.update(len(crops))
                    if time.monotonic() - noted >= SECONDS_BETWEEN_NOTES or done == shape[0]:
                        # The note last, so that it never promises more than is there.
                        table.flush()
                        _write_note(file, note | {"done": done, "sha256": digest.hexdigest()})
                        noted = time.monotonic()
        except OSError as error:
            raise UserError(f"cannot write to the cache {self.folder} ({error.strerror}): make room, or choose another -cache") from error

    def _run(self, network: Callable, crops: np.ndarray) -> np.ndarray:
        logits = network(crops)
        return (logits + network(np.ascontiguousarray(crops[:, :, ::-1]))) / 2 if self._pictures["flip"] else logits


def _new_table(file: Path, shape: tuple[int, int]) -> np.memmap:
    """An empty table; an older note goes first, since it would speak for this one. A full disk is found out here and not by SIGBUS."""
    file.with_suffix(".json").unlink(missing_ok=True)
    table = np.lib.format.open_memmap(file, "w+", np.float32, shape)
    with open(file, "rb+") as opened:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return table


def _write_note(file: Path, note: dict) -> None:
    with atomic_path(file.with_suffix(".json")) as path:
        path.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def _note_of(file: Path, key: dict, shape: tuple[int, int]) -> dict:
    """The note beside `file`, as far as both are what they should be, checksum included; else one that says that nothing is done."""
    nothing = {"done": 0}
    try:
        note = json.loads(read_bounded(file.with_suffix(".json"), _NOTE_BYTES))
        # Not by np.load, which takes a zip file for arrays, too.
        table = np.lib.format.open_memmap(file, "r") if file.is_file() else None
    except (OSError, ValueError, EOFError, RecursionError, UserError):
        return nothing
    if table is None or table.shape != shape or table.dtype != np.float32 or not table.flags.c_contiguous:
        return nothing
    sound = isinstance(note, dict) and note | key == note and type(note.get("done")) is int and 0 <= note["done"] <= shape[0]
    # Whatever overwrote the numbers, they are not those of the network.
    return note if sound and note.get("sha256") == hashlib.sha256(table[: note["done"]]).hexdigest() else nothing


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Holds the right to write `file`, which ends with the process; UserError where another process has it."""
    lock = claim(file.with_suffix(".lock"))
    if lock is None:
        raise UserError(f"{file}: another process computes these logits: wait for it, or choose another -cache")
    with lock:
        yield
