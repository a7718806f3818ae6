"""What a bundle says of real clips: the right shares of labelled ranges, and how often labels change."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.prediction.video_result import VideoResult
from image_classification.CFC_SP.support.files import git_sha

RANGE_COLUMNS = ("bundle", "bundle_sha256", "clip", "first_frame", "last_frame", "label", "raw_share", "smoothed_share", "said", "git_sha")
FLIP_COLUMNS = ("bundle", "bundle_sha256", "clip", "face_seconds", "raw_flips", "flips", "git_sha")


def read_ranges(folder: Path) -> list[dict[str, str]]:
    """The rows of labels.csv in a folder of clips: clip, first_frame, last_frame, label."""
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def score_ranges(ranges: list[dict[str, str]], results: dict[str, VideoResult]) -> tuple[list[dict], float, float]:
    """One row a range, and the means over the ranges of a class: (rows, raw share, smoothed share). results: by the clip's name.

    `said`: the most frequent label before smoothing in the range, of all eight, and its share of the frames.
    """
    rows = []
    for entry in ranges:
        result = results[entry["clip"]]
        raw, smoothed = _shares(entry, result)
        rows.append(
            {
                "bundle": result.summary.bundle["name"],
                "bundle_sha256": result.summary.bundle["sha256"],
                **{name: entry[name] for name in ("clip", "first_frame", "last_frame", "label")},
                "raw_share": round(raw, 4),
                "smoothed_share": round(smoothed, 4),
                "said": _said(entry, result),
                "git_sha": git_sha(),
            }
        )
    scored = [row for row in rows if row["label"] in COARSE]
    return rows, *(sum(row[name] for row in scored) / len(scored) for name in ("raw_share", "smoothed_share"))


def count_flips(results: dict[str, VideoResult]) -> list[dict]:
    """One row a clip: how many seconds faces were followed for, added up, and the changes of label within a track in each of them,
    before and after smoothing. Changes of the person's expression count too."""
    rows = []
    for clip, result in results.items():
        tracks: dict[int, list] = {}
        for frame in result.rows:
            for face in frame.faces:
                tracks.setdefault(face.track, []).append((frame.time_s, face))
        seconds = sum(track[-1][0] - track[0][0] for track in tracks.values())
        flips = [
            sum(getattr(a, name) != getattr(b, name) for track in tracks.values() for (_, a), (_, b) in pairwise(track))
            for name in ("raw_label", "label")
        ]
        rows.append(
            {
                "bundle": result.summary.bundle["name"],
                "bundle_sha256": result.summary.bundle["sha256"],
                "clip": clip,
                "face_seconds": round(seconds, 2),
                "raw_flips": round(flips[0] / seconds, 3) if seconds else 0.0,
                "flips": round(flips[1] / seconds, 3) if seconds else 0.0,
                "git_sha": git_sha(),
            }
        )
    return rows


def _inside(entry: dict[str, str], result: VideoResult) -> list[FrameResult]:
    return result.rows[int(entry["first_frame"]) : int(entry["last_frame"]) + 1]


def _said(entry: dict[str, str], result: VideoResult) -> str:
    inside = _inside(entry, result)
    counts = Counter(face.raw_label for frame in inside for face in frame.faces[:1])
    return "".join(f"{label} {count / len(inside):.0%}" for label, count in counts.most_common(1))


def _shares(entry: dict[str, str], result: VideoResult) -> tuple[float, float]:
    inside = _inside(entry, result)
    if entry["label"] in COARSE:
        raw, smoothed = (
            sum(_coarse(getattr(face, name)) == entry["label"] for frame in inside for face in frame.faces[:1]) / len(inside)
            for name in ("raw_label", "label")
        )
        return raw, smoothed
    if entry["label"] == "no_face":
        kept = not any(frame.faces for frame in inside)
    else:
        tracks = {face.track for frame in inside for face in frame.faces}
        kept = not tracks & {face.track for frame in result.rows if frame not in inside for face in frame.faces}
    return float(kept), float(kept)


def _coarse(label: str) -> str:
    return COARSE[EXPR_TO_COARSE[EXPR.index(label)]]
