# SPDX-License-Identifier: Apache-2.0
"""The statistics of a folder of results: tables and a page."""

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..core.labels import EXPR
from ..support.csv_files import plain_cells
from ..support.errors import UserError
from ..support.files import atomic_path, make_folder
from ..support.packages import require_package
from ..writers.output import FILES
from .group_file import read_groups
from .group_means import difference_rows, group_rows
from .measured_clip import MeasuredClip, read_clip
from .measures import COMPARED, NAMES, measure, transitions
from .pairs import cooccurrence, lagged_correlations, pairs_of

PAGE = "summary.html"
"""The name of the page beside the tables."""
_PLACES = 6
# So many clips that are left out are named.
_MOST_NAMED = 3


@dataclass
class Statistics:
    """tables: the rows of each table, by its name. notes: sentences about what is left out."""

    tables: dict[str, list[dict]]
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(rows)}" for name, rows in self.tables.items())
        return f"Statistics(rows of tables: {rows}{'; ' * bool(self.notes)}{' '.join(self.notes)})"


def summarize(
    folder: str | os.PathLike, groups: str | os.PathLike | None = None, out: str | os.PathLike = "summary", seed: int = 0
) -> Statistics:
    """Computes statistics of the results in `folder`, which `predict` wrote, and returns the tables, unrounded. Also writes them to the
    folder `out`, as a CSV for each table and one page.

    groups: a CSV with the columns clip and group, to compare groups of clips. seed: the seed of the bootstrap. Raises UserError for a
    folder without results, for results that are incomplete or of another version, and for groups that name unknown clips. It then writes
    nothing.

    >>> from cfc_sp import summarize
    >>> files = recognizer.video("clip.mp4").run().save("output/clip")
    >>> summarize("output").tables["clip_measures"][0]["share_happiness"]
    1.0
    """
    require_package("jinja2", "the page of statistics")
    folder, out = Path(folder), Path(out)
    statistics = compute(folder, None if groups is None else Path(groups), seed)
    try:
        make_folder(out)
    except OSError as fault:
        raise UserError(
            f"expected a folder that the tables can be written to, found {out} ({fault.strerror}): choose another -out"
        ) from fault
    for name, rows in statistics.tables.items():
        with atomic_path(out / f"{name}.csv") as part, open(part, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(rows[0] if rows else _HEADERS[name])
            writer.writerows(plain_cells(map(_rounded, row.values())) for row in rows)
    from .statistics_page import write_page

    with atomic_path(out / PAGE) as part:
        write_page(part, statistics.tables, statistics.notes)
    return statistics


def compute(folder: Path, groups: Path | None, seed: int) -> Statistics:
    """The same without writing; raises UserError as `summarize`."""
    clips, notes = _read(folder)
    members = {} if groups is None else read_groups(groups, {clip.name for clip in clips}, folder)
    by_name = {clip.name: measure(clip.tracks) for clip in clips}
    tables = {
        "clip_measures": [{"clip": clip.name, "tracks": len(clip.tracks)} | by_name[clip.name] for clip in clips],
        "track_measures": [{"clip": clip.name, "track": track.number} | measure([track]) for clip in clips for track in clip.tracks],
        "transitions": [row for clip in clips for row in _transition_rows(clip)],
        "pairs": [],
        "lags": [],
    }
    for clip in clips:
        for a, b in pairs_of(clip):
            who = {"clip": clip.name, "track_a": a.number, "track_b": b.number}
            tables["pairs"] += [who | row for row in cooccurrence(a, b)]
            tables["lags"] += [who | row for row in lagged_correlations(a, b, clip.frame_s)]
    if members:
        measured = {group: [by_name[clip] for clip in own] for group, own in members.items()}
        tables["groups"] = group_rows(measured, COMPARED, seed)
        tables["differences"] = difference_rows(measured, COMPARED, seed)
        grouped = set().union(*members.values())
        if others := [clip.name for clip in clips if clip.name not in grouped]:
            notes.append(f"Clips without a group: {_named(others)}. They are in the other tables alone.")
    return Statistics(tables, notes)


def _read(folder: Path) -> tuple[list[MeasuredClip], list[str]]:
    if (folder / FILES["csv"]).is_file():
        folders = [folder]
    else:
        try:
            folders = sorted(path for path in folder.iterdir() if (path / FILES["csv"]).is_file())
        except OSError as fault:
            raise UserError(f"expected a folder of results, found none that can be read at {folder} ({fault.strerror})") from fault
    if not folders:
        raise UserError(
            f"expected folders with {FILES['csv']} and {FILES['json']} in {folder}, found none: predict clips with -formats csv,json "
            f"-out {folder}"
        )
    clips = {path: read_clip(path) for path in folders}
    timeless = [path.name for path, clip in clips.items() if clip is None]
    if len(timeless) == len(clips):
        raise UserError(f"expected clips in {folder}, found unrelated pictures, which have no time: predict those of a recording with -fps")
    notes = [f"Left out, as unrelated pictures have no time: {_named(timeless)}."] if timeless else []
    return [clip for clip in clips.values() if clip is not None], notes


def _named(clips: list[str]) -> str:
    """How many these are, and the names of the first ones."""
    more = f" and {len(clips) - _MOST_NAMED} more" if len(clips) > _MOST_NAMED else ""
    return f"{len(clips)} ({', '.join(clips[:_MOST_NAMED])}{more})"


def _transition_rows(clip: MeasuredClip) -> list[dict]:
    found = []
    for track in clip.tracks:
        counts = transitions([track])
        for before, after in np.argwhere(counts):
            count = int(counts[before, after])
            share = count / int(counts[before].sum())
            row = {"from": EXPR[before], "to": EXPR[after], "count": count, "probability": share}
            found.append({"clip": clip.name, "track": track.number} | row)
    return found


def _rounded(value):
    return round(value, _PLACES) + 0.0 if isinstance(value, float) else value


_WHO, _PAIR = ("clip", "track"), ("clip", "track_a", "track_b")
_HEADERS = {
    "clip_measures": ("clip", "tracks", *NAMES),
    "track_measures": (*_WHO, *NAMES),
    "transitions": (*_WHO, "from", "to", "count", "probability"),
    "pairs": (*_PAIR, "label", "seconds", "share_a", "share_b", "both", "expected", "lift", "jaccard"),
    "lags": (*_PAIR, "curve", "lag_s", "frames", "correlation"),
    "groups": ("group", "measure", "clips", "mean", "low", "high"),
    "differences": ("group_a", "group_b", "measure", "difference", "low", "high"),
}
"""The columns of each table, where it has no row to tell them."""
