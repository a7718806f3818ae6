# SPDX-License-Identifier: Apache-2.0
"""A whole result in one JSON file: what was run on what, how it went, the segments, and the rows of the CSV."""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict

from ..core.records import FrameResult, PictureFile, Segment, Source, Summary
from ..core.span import Span
from ..support.errors import UserError
from .rows_csv import columns_of, row_values

SCHEMA_VERSION = 1
# A long film's segments and warnings are some hundred thousand bytes.
_HEAD_BYTES = 64 << 20
_ROWS, _TAIL = '"rows": [', b"\n]\n}\n"


def write_json(path: str | os.PathLike, summary: Summary, rows: Iterable[FrameResult]) -> None:
    """Writes `summary` and `rows` to the file `path`, row by row, so that memory does not grow with the clip.

    One object with the keys schema_version, source, options, bundle, device, engine, window_frames, smoothing, prior, timings_s, counts,
    segments, warnings, files, pictures and rows. A row is an object with the CSV's columns as keys and the CSV's rounding; the face keys of
    a frame without a face are null. Valid by RFC 8259, one row a line; raises ValueError rather than write NaN or infinity.
    """
    said = asdict(summary)
    head = {
        "schema_version": SCHEMA_VERSION,
        **{key: said[key] for key in ("source", "options", "bundle", "device", "engine", "window_frames", "smoothing", "prior")},
        "timings_s": {stage: round(seconds, 3) for stage, seconds in said["timings_s"].items()},
        "counts": {
            **{key: said[key] for key in ("frames", "frames_with_faces", "face_rows", "damaged_frames", "dropped_frames", "tracks")},
            "labels": said["label_counts"],
        },
        "segments": [
            {**segment, **{key: round(segment[key], 6) for key in ("start_s", "end_s", "confidence")}} for segment in said["segments"]
        ],
        "warnings": said["warnings"],
        "files": said["files"],
        "pictures": said["pictures"],
    }
    columns = columns_of(summary.source.is_pictures)
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n")
        for key, value in head.items():
            file.write(f'"{key}": {_dumps(value)},\n')
        file.write(_ROWS)
        separator = "\n"
        for result in rows:
            for values in row_values(result):
                file.write(separator + _dumps(dict(zip(columns, values, strict=True))))
                separator = ",\n"
        file.write("\n]\n}\n")


def read_head(path: str | os.PathLike) -> dict | None:
    """All but the rows of a file that write_json wrote; None where it is missing, not whole or of another kind."""
    lines = []
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            file.seek(-min(len(_TAIL), os.fstat(file.fileno()).st_size), os.SEEK_END)
            if file.read() != _TAIL:
                return None
            file.seek(0)
            left = _HEAD_BYTES
            while left > 0 and (line := file.readline(left)):
                if line == _ROWS.encode() + b"\n":
                    head = json.loads(b"".join(lines).rstrip(b",\n") + b"}")
                    return head if _is_head(head) else None
                lines.append(line)
                left -= len(line)
    except (OSError, ValueError, RecursionError):
        return None
    return None


def _is_head(head) -> bool:
    """Whether it has what is read of it, in its form."""
    if not isinstance(head, dict) or head.get("schema_version") != SCHEMA_VERSION:
        return False
    if not all(isinstance(head.get(key), dict) for key in ("source", "options", "bundle", "files")):
        return False
    if not (isinstance(head["bundle"].get("sha256"), str) and {"size_bytes", "modified_s"} <= head["source"].keys()):
        return False
    path = head["source"].get("path")
    return isinstance(path, str) and b"\0" not in os.fsencode(path)


def _other_version(path: str | os.PathLike) -> int | None:
    """The version that a file states, where it is not SCHEMA_VERSION."""
    try:
        with open(path, "rb") as file:
            stated = re.search(rb'"schema_version":\s*(\d{1,9})', file.read(4096))
    except OSError:
        return None
    return int(stated[1]) if stated and int(stated[1]) != SCHEMA_VERSION else None


def read_summary(path: str | os.PathLike) -> Summary:
    """The summary in a file that write_json wrote, rounded as there; UserError where it is missing, not whole or of another kind."""
    head = read_head(path)
    if head is None and (found := _other_version(path)) is not None:
        raise UserError(f"expected a result of version {SCHEMA_VERSION} at {str(path)!r}, found version {found}: predict the clip again")
    try:
        counts, options = dict(head["counts"]), head["options"]
        return Summary(
            source=Source(**head["source"]),
            segments=[Segment(**segment) for segment in head["segments"]],
            pictures=[PictureFile(**picture) for picture in head.get("pictures", [])],
            label_counts=counts.pop("labels"),
            span=Span(options["start_s"], options["end_s"], options["stride"]),
            # Earlier versions had one kind, and no prior.
            **{key: head[key] for key in ("smoothing", "prior") if key in head},
            **{key: head[key] for key in ("options", "bundle", "device", "engine", "window_frames", "timings_s", "warnings", "files")},
            **counts,
        )
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise UserError(f"expected a whole result.json at {str(path)!r}, found none: predict the clip again") from error


def _dumps(value) -> str:
    return json.dumps(value, allow_nan=False)
