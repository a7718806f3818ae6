"""A whole result in one JSON file: what was run on what, how it went, the segments, and the rows of the CSV."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict

from ..core.records import FrameResult, Summary
from .rows_csv import COLUMNS, row_values

SCHEMA_VERSION = 1


def write_json(path: str | os.PathLike, summary: Summary, rows: Iterable[FrameResult]) -> None:
    """Writes `summary` and `rows` to the file `path`, row by row, so that memory does not grow with the clip.

    One object with the keys schema_version, source, bundle, device, engine, window_frames, timings_s, counts, segments, warnings
    and rows. A row is an object with the CSV's columns as keys and the CSV's rounding; the face keys of a frame without a face
    are null. Valid by RFC 8259, one row a line; raises ValueError rather than write NaN or infinity.
    """
    said = asdict(summary)
    head = {
        "schema_version": SCHEMA_VERSION,
        **{key: said[key] for key in ("source", "bundle", "device", "engine", "window_frames")},
        "timings_s": {stage: round(seconds, 3) for stage, seconds in said["timings_s"].items()},
        "counts": {
            **{key: said[key] for key in ("frames", "frames_with_faces", "face_rows", "damaged_frames", "tracks")},
            "labels": said["label_counts"],
        },
        "segments": [
            {**segment, **{key: round(segment[key], 6) for key in ("start_s", "end_s", "confidence")}} for segment in said["segments"]
        ],
        "warnings": said["warnings"],
    }
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n")
        for key, value in head.items():
            file.write(f'"{key}": {_dumps(value)},\n')
        file.write('"rows": [')
        separator = "\n"
        for result in rows:
            for values in row_values(result):
                file.write(separator + _dumps(dict(zip(COLUMNS, values, strict=True))))
                separator = ",\n"
        file.write("\n]\n}\n")


def _dumps(value) -> str:
    return json.dumps(value, allow_nan=False)
