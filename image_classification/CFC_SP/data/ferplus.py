# SPDX-License-Identifier: Apache-2.0
"""FER+ (Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", ICMI 2016).

Read from the zip or the unpacked folder in the layout of its own tools: `fer2013new.csv` and `FER2013{Train,Valid,Test}/*.png`.
"""

import csv
import io
import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from ..core.labels import EXPR, expr_of
from ..support.errors import UserError

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
_TO_EXPR = expr_of(VOTES[:8])
HEADER = ["Usage", "Image name", *VOTES]
SPLITS = {"train": ("Training", "FER2013Train"), "val": ("PublicTest", "FER2013Valid"), "test": ("PrivateTest", "FER2013Test")}
SIDE = 48
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class FerPlus:
    """One split: grey pictures uint8 [N, 48, 48], the vote distribution float32 [N, 8] and the majority class int64 [N] in EXPR order."""

    pictures: np.ndarray
    votes: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]

    def __len__(self):
        return len(self.pictures)

    def picture(self, index: int) -> np.ndarray:
        """Picture `index` as HWC RGB uint8 [48, 48, 3]: the face fills it, framed as MTCNN's box would be."""
        return cv2.cvtColor(self.pictures[index], cv2.COLOR_GRAY2RGB)


def load_ferplus(root: str | Path, split: str) -> FerPlus:
    """The "train", "val" or "test" split of FER+ under `root`, a zip or a folder.

    Votes of 1 count as noise and are dropped. "val" and "test" follow the official majority protocol: a picture stays when its
    largest count is more than half of the rest and neither `unknown` nor `NF`. "train" also keeps pictures without a clear majority, as
    their distribution is the target. Raises UserError for a missing data set, a wrong header or a damaged picture, by name.
    """
    usage, folder = SPLITS[split]
    with _open(root) as files:
        names, counts = _read_votes(files, usage)
        counts[counts <= 1] = 0
        top, total = counts.max(1), counts.sum(1)
        keep = (total > 0) & (counts.argmax(1) < len(_TO_EXPR))
        if split != "train":
            keep &= top > total / 2
        votes = np.zeros((len(names), len(EXPR)), np.float32)
        votes[:, list(_TO_EXPR)] = counts[:, : len(_TO_EXPR)]
        chosen = [i for i in np.flatnonzero(keep) if names[i]]
        if not chosen:
            raise UserError(
                f"{files.root}/fer2013new.csv: expected {usage} rows with a known expression, found none; the file is incomplete"
            )
        pictures = np.stack([_decode(files, f"{folder}/{names[i]}") for i in chosen])
    votes = votes[chosen]
    return FerPlus(pictures, votes / votes.sum(1, keepdims=True), votes.argmax(1), tuple(names[i] for i in chosen))


def _read_votes(files: "_Folder", usage: str) -> tuple[list[str], np.ndarray]:
    table = f"{files.root}/fer2013new.csv"
    names, counts = [], []
    try:
        # Bytes that are no text show up in the header or the row that has them.
        rows = list(csv.reader(io.StringIO(files.read("fer2013new.csv").decode("utf-8", errors="replace"))))
    except csv.Error as error:
        raise UserError(f"{table}: expected FER+'s table, found one that is no CSV ({error})") from error
    found = rows[0] if rows else []
    if found != HEADER:
        raise UserError(f"{table}: expected the header {','.join(HEADER)}, found {','.join(found)[:200]!r}; use FER+'s own file")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(HEADER) or not all(v.isdecimal() and len(v) <= 9 for v in row[2:]):
            raise UserError(f"{table} line {line}: expected {len(HEADER)} fields with ten vote counts, found {','.join(row)[:200]}")
        if row[0] == usage:
            names.append(row[1])
            counts.append([int(v) for v in row[2:]])
    if not names:
        raise UserError(f"{files.root}/fer2013new.csv: expected rows with Usage {usage}, found none; the file is incomplete")
    return names, np.array(counts)


def _decode(files: "_Folder", name: str) -> np.ndarray:
    data = files.read(name)
    # Width and height as the PNG's header states them, before memory is taken for the picture.
    width, height = struct.unpack(">II", data[16:24]) if data[1:4] == b"PNG" and len(data) >= 24 else (0, 0)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if (width, height) == (SIDE, SIDE) else None
    if picture is None:
        found = f"{width}x{height}" if (width, height) not in ((0, 0), (SIDE, SIDE)) else "no picture"
        raise UserError(f"{files.root}/{name}: expected a {SIDE}x{SIDE} picture, found {found}; unpack the data set again")
    return picture


class _Folder:
    """Read access to FER+'s files by their names below its top folder, whatever they are packed in; sizes are bounded."""

    def __init__(self, root: Path, archive: zipfile.ZipFile | None, names: dict[str, str]):
        self.root, self._archive, self._names = root, archive, names

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._archive:
            self._archive.close()

    def read(self, name: str) -> bytes:
        try:
            if self._archive:
                info = self._archive.getinfo(self._names[name])
                size = info.file_size
            else:
                path = Path(self._names[name])
                size = path.stat().st_size
                if not path.is_file():
                    raise UserError(f"{path}: expected a file, found something else of that name: a pipe, a folder or a device")
            if size > _MAX_BYTES * (16 if name.endswith(".csv") else 1):
                raise UserError(f"{self.root}/{name}: expected a small file, found {size} bytes; this is not FER+")
            return self._archive.read(info) if self._archive else path.read_bytes()
        except KeyError:
            raise UserError(f"{self.root}: expected the FER+ file {name}, found none of that name; unpack the data set again") from None
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
            raise UserError(f"{self.root}/{name}: cannot be read ({error}); unpack the data set again") from error


def _open(root: str | Path) -> _Folder:
    if not str(root):
        raise UserError("DATA.ROOT is empty: expected the FER+ zip or its unpacked folder; give it with -opts DATA.ROOT PATH")
    root = Path(root)
    if root.is_dir():
        found = [p.parent for pattern in ("fer2013new.csv", "*/fer2013new.csv") for p in root.glob(pattern)]
        if not found:
            raise UserError(f"{root}: expected fer2013new.csv in the folder, found none; point DATA.ROOT at FER+'s zip or folder")
        entries = [p for pattern in ("*.csv", "*/*.png", "*/*/*.png") for p in found[0].glob(pattern)]
        return _Folder(root, None, {_inner(p.relative_to(found[0])): str(p) for p in entries})
    if not root.is_file():
        raise UserError(f"no data set at {root}: expected the FER+ zip or its unpacked folder; check the path")
    try:
        archive = zipfile.ZipFile(root)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{root}: expected the FER+ zip or its unpacked folder, found a file that is no zip ({error})") from error
    return _Folder(root, archive, {_inner(PurePosixPath(n)): n for n in archive.namelist()})


def _inner(path) -> str:
    """The last two parts of a picture's path, the last one of a table's: where FER+'s tools put `data/` does not matter."""
    return "/".join(path.parts[-2:]) if path.suffix == ".png" else path.name
