# SPDX-License-Identifier: Apache-2.0
"""What a bundle says of real clips: the right shares of labelled ranges, how often labels change, what the confidence is worth."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.metrics import calibration_error
from image_classification.CFC_SP.core.records import Face, FrameResult
from image_classification.CFC_SP.support.csv_files import read_records

MODE_COLUMNS = ("bundle", "bundle_sha256", "smoothing", "window", "prior")
RANGE_COLUMNS = (
    *(*MODE_COLUMNS, "clip", "person", "first_frame", "last_frame", "label", "group", "raw_share", "smoothed_share", "said"),
    "git_sha",
)
WHENS = "raw", "smoothed"
# The least and the largest: of 95 % of the drawings of clips, and without one person.
SPREADS = "low", "high", "without_one_least", "without_one_most"
METRIC_COLUMNS = (
    *(*MODE_COLUMNS, "metric", "ranges", "persons", *WHENS, *(f"{when}_{spread}" for when in WHENS for spread in SPREADS)),
    "git_sha",
)
TALKING = "Neutral, talking"
MACRO, RANGES, CHANGES, ECE = "macro over classes", "mean over ranges", "changes a second", "calibration error"
_PERSON = re.compile(r"(.*_[a-z])\d+")
_DRAWS = 1000


def read_ranges(folder: Path) -> list[dict[str, str]]:
    """The rows of labels.csv in a folder of clips, the clip's path as `path`: clip, first_frame, last_frame, label, note."""
    return [{**row, "path": str(folder / row["clip"])} for row in read_records(folder / "labels.csv")]


def group_of(entry: dict[str, str]) -> str:
    """What a range is scored with: its label, or TALKING for a neutral face that talks."""
    return TALKING if entry["label"] == "Neutral" and "talking" in (entry.get("note") or "") else entry["label"]


def person_of(clip: str) -> str:
    """Who is in a clip: a letter and a number at the end of its name count that person's clips, as in ann_a1 and ann_a2."""
    stem = Path(clip).stem
    numbered = _PERSON.fullmatch(stem)
    return numbered[1] if numbered else stem


def faces_inside(entry: dict[str, str], frames: list[FrameResult]) -> list[Face]:
    """The first face of each frame of a range that shows any."""
    return [frame.faces[0] for frame in _inside(entry, frames) if frame.faces]


def is_right(label: str, expected: str) -> bool:
    """Whether a label is that of a range, which may be a coarse class."""
    return expected in (label, COARSE[EXPR_TO_COARSE[EXPR.index(label)]])


def score_ranges(ranges: Iterable[dict[str, str]], results: dict[str, list[FrameResult]]) -> list[dict]:
    """One row a range, RANGE_COLUMNS but for those of the mode and the commit. results: the frames' by the clip's path.

    The shares are those of the range's frames whose label is right, before and after smoothing; for `no_face` and `cut` 1 or 0: kept
    or broken. `said`: the most frequent label after smoothing, and its share of the frames.
    """
    rows = []
    for entry in ranges:
        raw, smoothed = _shares(entry, results[entry["path"]])
        known = {name: entry[name] for name in ("clip", "first_frame", "last_frame", "label")}
        known |= {"person": person_of(entry["clip"]), "group": group_of(entry), "said": _said(entry, results[entry["path"]])}
        rows.append({**known, "raw_share": round(raw, 4), "smoothed_share": round(smoothed, 4)})
    return rows


def score_metrics(ranges: Sequence[dict[str, str]], results: dict[str, list[FrameResult]]) -> list[dict]:
    """One row a metric, METRIC_COLUMNS but for those of the mode and the commit: each group's mean over ranges, their mean, the mean over
    all ranges, the changes of the label a second of a face, and the calibration error of the confidence on labelled frames.

    The spreads are those of drawing the clips again, as many, and of leaving one person out. Changes are those of the clips that
    carry a label; the calibration error is that of labels of all eight classes, not of the coarse Negative.
    """
    scored = [entry for entry in ranges if entry["label"] in {*EXPR, *COARSE}]
    rows = score_ranges(scored, results)
    clips = list(dict.fromkeys(entry["path"] for entry in scored))
    people = {clip: person_of(clip) for clip in clips}
    of_clip = defaultdict(list)
    for entry, row in zip(scored, rows, strict=True):
        of_clip[entry["path"]].append(row)
    groups = sorted({row["group"] for row in rows})
    metrics: dict[str, Callable] = {group: _mean_of(of_clip, group) for group in groups}
    metrics[MACRO] = lambda chosen, when: np.mean([metrics[group](chosen, when) for group in groups])
    metrics[RANGES] = _mean_of(of_clip, None)
    metrics[CHANGES] = _changes_of({clip: count_changes(results[clip]) for clip in clips})
    metrics[ECE] = _error_of({clip: _confidences([e for e in scored if e["path"] == clip], results[clip]) for clip in clips})
    draws = np.random.default_rng(0).integers(0, len(clips), (_DRAWS, len(clips)))
    found = []
    for name, metric in metrics.items():
        own = [row for row in rows if name in (row["group"], MACRO, RANGES, CHANGES, ECE)]
        line = {"metric": name, "ranges": len(own), "persons": len({row["person"] for row in own})}
        for when in WHENS:
            drawn = [metric([clips[i] for i in draw], when) for draw in draws]
            without = [metric([clip for clip in clips if people[clip] != person], when) for person in set(people.values())]
            spread = *np.nanpercentile(drawn, (2.5, 97.5)), np.nanmin(without), np.nanmax(without)
            values = [metric(clips, when), *spread]
            keys = [when, *(f"{when}_{spread}" for spread in SPREADS)]
            line |= {key: round(float(value), 4) for key, value in zip(keys, values, strict=True)}
        found.append(line)
    return found


def count_changes(frames: list[FrameResult]) -> tuple[float, int, int]:
    """(seconds that faces are followed for, added up; changes of label within a track before smoothing; after)."""
    tracks = defaultdict(list)
    for frame in frames:
        for face in frame.faces:
            tracks[face.track].append((frame.time_s, face))
    seconds = sum(track[-1][0] - track[0][0] for track in tracks.values())
    raw, smoothed = (
        sum(getattr(a, name) != getattr(b, name) for track in tracks.values() for (_, a), (_, b) in pairwise(track))
        for name in ("raw_label", "label")
    )
    return seconds, raw, smoothed


def _mean_of(of_clip: dict[str, list[dict]], group: str | None) -> Callable:
    def mean(clips, when):
        shares = [row[f"{when}_share"] for clip in clips for row in of_clip[clip] if group in (None, row["group"])]
        return np.mean(shares) if shares else np.nan

    return mean


def _changes_of(counts: dict[str, tuple[float, int, int]]) -> Callable:
    def changes(clips, when):
        seconds, raw, smoothed = np.sum([counts[clip] for clip in clips], axis=0)
        return (raw if when == "raw" else smoothed) / seconds if seconds else np.nan

    return changes


def _error_of(confidences: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]) -> Callable:
    def error(clips, when):
        given, right = (np.concatenate([confidences[clip][when][part] for clip in clips]) for part in (0, 1))
        return calibration_error(given, right) if len(given) else np.nan

    return error


def _confidences(entries: Iterable[dict[str, str]], frames: list[FrameResult]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By when: the confidences of a clip's labelled frames, and whether the labels are right."""
    faces = [(face, entry["label"]) for entry in entries if entry["label"] in EXPR for face in faces_inside(entry, frames)]
    raw = [(face.raw_probabilities[EXPR.index(face.raw_label)], face.raw_label == label) for face, label in faces]
    smoothed = [(face.confidence, face.label == label) for face, label in faces]
    return {when: tuple(np.array(pairs, float).reshape(-1, 2).T) for when, pairs in zip(WHENS, (raw, smoothed), strict=True)}


def _inside(entry: dict[str, str], frames: list[FrameResult]) -> list[FrameResult]:
    return frames[int(entry["first_frame"]) : int(entry["last_frame"]) + 1]


def _said(entry: dict[str, str], frames: list[FrameResult]) -> str:
    counts = Counter(face.label for face in faces_inside(entry, frames))
    return "".join(f"{label} {count / len(_inside(entry, frames)):.0%}" for label, count in counts.most_common(1))


def _shares(entry: dict[str, str], frames: list[FrameResult]) -> tuple[float, float]:
    inside = _inside(entry, frames)
    if entry["label"] in {*EXPR, *COARSE}:
        faces = faces_inside(entry, frames)
        raw, smoothed = (sum(is_right(getattr(face, name), entry["label"]) for face in faces) for name in ("raw_label", "label"))
        return raw / len(inside), smoothed / len(inside)
    if entry["label"] == "no_face":
        kept = not any(frame.faces for frame in inside)
    else:
        tracks = {face.track for frame in inside for face in frame.faces}
        kept = not tracks & {face.track for frame in frames if frame not in inside for face in frame.faces}
    return float(kept), float(kept)
