# SPDX-License-Identifier: Apache-2.0
"""A run's folder: one writer at a time, files that are whole, and checkpoints that a kill at any instant leaves usable."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from ..support.errors import UserError
from ..support.files import atomic_path, make_folder, read_bounded
from ..support.locks import claim
from ..weights.checkpoint import load_checkpoint, save_checkpoint
from .curves import draw_curves

COLUMNS = ("epoch", "steps", "loss", "lr", "val_accuracy", "val_macro_f1", "seconds")
_TABLE_BYTES = 64 << 20


class RunFolder:
    """`config.OUTPUT`/`config.NAME`: last.safetensors (to resume from), best.safetensors and, with TRAIN.KEEP above 1,
    best-2.safetensors and so on, metrics.csv, curves.png, config.yaml. What writes raises UserError where it cannot."""

    def __init__(self, config):
        self._config, self.path = config, Path(config.OUTPUT) / config.NAME
        self.last, self._started, self._table = (self.path / name for name in ("last.safetensors", "config.yaml", "metrics.csv"))

    @contextmanager
    def claimed(self, resume: bool) -> Iterator[None]:
        """Keeps other processes out as long as the block lasts; the claim of a killed process dies with it.

        A block that ends with a UserError before its first checkpoint leaves no folder behind that was not there before. Raises UserError
        for a folder that is claimed, one that holds a run already, and, to resume, one that holds none.
        """
        self._check(resume)
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        with self._claim():
            try:
                if not self.last.exists():
                    self.write_config()
                yield
            except UserError:
                if made and not self.last.exists():
                    shutil.rmtree(self.path, ignore_errors=True)
                    for folder in made[1:]:
                        # Another run may have come to it meanwhile.
                        with suppress(OSError):
                            folder.rmdir()
                raise

    def write_config(self) -> None:
        """Writes config.yaml, by which the run is to be resumed."""
        with self._explained(self._started.name), atomic_path(self._started) as path:
            path.write_text(self._config.dump(), encoding="utf-8")

    def save_last(self, arrays: dict[str, np.ndarray], note: dict) -> None:
        """Writes the checkpoint to resume from."""
        with self._explained(self.last.name):
            save_checkpoint(self.last, arrays, note)

    def keep_best(self, rows: list[dict], arrays: dict[str, np.ndarray], note: dict) -> None:
        """Keeps `arrays`, the last row's weights, where its macro-F1 is among the TRAIN.KEEP best, and puts the best files in order.

        Done again after a kill in its midst, it ends the same.
        """
        ranked = sorted(rows, key=lambda row: -row["val_macro_f1"])[: self._config.TRAIN.KEEP]
        places = {row["epoch"]: self._best(place) for place, row in enumerate(ranked)}
        if rows[-1]["epoch"] not in places:
            return
        kept = {_epoch_of(path): path for path in self.path.glob("best*.safetensors")}
        with self._explained("best.safetensors"):
            for epoch, place in reversed(places.items()):
                if epoch == rows[-1]["epoch"]:
                    save_checkpoint(place, arrays, note)
                elif kept.get(epoch, place) != place:
                    kept[epoch].replace(place)

    def write_rows(self, rows: list[dict]) -> None:
        """Writes metrics.csv, one row an epoch, and curves.png."""
        with self._explained(self._table.name), atomic_path(self._table) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        with self._explained("curves.png"), atomic_path(self.path / "curves.png") as path:
            draw_curves(rows, f"{self._config.NAME}: {self._config.STAGE} stage on {self._config.DATA.NAME}", path)

    def _check(self, resume: bool) -> None:
        if self.last.exists() and not resume:
            raise UserError(f"{self.path} already holds a run: continue with -resume, or choose another -out")
        if not resume or self.last.exists():
            return
        if not self._started.exists():
            raise UserError(f"-resume needs a run in {self.path}, which holds none: start without -resume")
        # A kill between the first epoch's row and its checkpoint leaves one.
        epochs = len(read_bounded(self._table, _TABLE_BYTES).splitlines()) - 1 if self._table.exists() else 0
        if epochs > 1:
            raise UserError(
                f"-resume: expected {self.last.name} in {self.path}, found a run of {epochs} epochs without it: choose another -out"
            )

    def _claim(self):
        try:
            make_folder(self.path)
            lock = claim(self.path / ".lock")
        except OSError as error:
            raise UserError(f"cannot write to the output folder {self.path} ({error.strerror}): choose another -out") from error
        if lock is None:
            raise UserError(f"another process is training in {self.path}: wait for it or end it, or choose another -out")
        return lock

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"{self.path / name} cannot be written ({reason}); the previous checkpoint is complete: make room, then use -resume"
            ) from error

    def _best(self, place: int) -> Path:
        return self.path / (f"best-{place + 1}.safetensors" if place else "best.safetensors")


def _epoch_of(path: Path) -> int:
    validation = load_checkpoint(path)[1].get("validation")
    epoch = validation.get("epoch") if isinstance(validation, dict) else None
    if type(epoch) is not int:
        raise UserError(f"{path}: expected the best weights of an epoch of this run, found a note without it: move the file away")
    return epoch
