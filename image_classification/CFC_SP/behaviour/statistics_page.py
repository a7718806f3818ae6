# SPDX-License-Identifier: Apache-2.0
"""The page on the statistics of a folder of results: it loads nothing from anywhere, and follows the reader's light or dark."""

import os
from collections import defaultdict
from pathlib import Path

import jinja2
import numpy as np

from ..core.labels import EXPR
from ..support.printable import counted
from ..writers.palette import COLOURS, text_colour
from ..writers.timeline import clock, printable

MOST_CLIPS, MOST_PAIRS = 200, 20
"""The most clips, and the most pairs of faces, that are drawn."""
# What is drawn of groups, beside the shares of the labels that any group shows.
_ALWAYS = {"expressiveness": "Expressiveness", "changes_per_minute": "Changes a minute"}
_GROUP_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# The strongest of so many correlations comes out high where few frames meet: of faces together for a shorter time it is not said.
_LEAST_TOLD_S = 5.0
_LEAST_WRITTEN = 0.08  # the share that has room for its number
_WIDTH, _HEIGHT = 320, 96  # of a curve, in units of its drawing


def write_page(path: str | os.PathLike, tables: dict[str, list[dict]], notes: list[str]) -> None:
    """Writes the page on these tables to the file `path`, in UTF-8; every text is escaped. Raises OSError where it cannot be written."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"clock": clock, "printable": printable}
    clips = tables["clip_measures"]
    pairs = _pairs(tables)
    text = environment.get_template("statistics.html.j2").render(
        labels=[{"name": label, "colour": _css(COLOURS[label])} for label in EXPR],
        clips=[_bar(clip) for clip in clips[:MOST_CLIPS]],
        hidden_clips=max(0, len(clips) - MOST_CLIPS),
        count=len(clips),
        tracks=len(tables["track_measures"]),
        seconds=sum(clip["seconds"] for clip in clips),
        notes=notes,
        groups=_groups(tables.get("groups", [])),
        measures=_measures(tables.get("groups", [])),
        differences=[_difference(row) for row in tables.get("differences", []) if _title(row["measure"])],
        heat=_heat(tables["transitions"]),
        pairs=pairs[:MOST_PAIRS],
        hidden_pairs=max(0, len(pairs) - MOST_PAIRS),
    )
    Path(path).write_text(text, encoding="utf-8", errors="replace")


def _title(measure: str) -> str | None:
    """What a measure that is drawn is called; None for the others."""
    if measure.startswith("share_"):
        return f"Share of {measure.removeprefix('share_').capitalize()}"
    return _ALWAYS.get(measure)


def _shown(measure: str, value: float) -> str:
    return f"{value:.1f}" if measure == "changes_per_minute" else f"{value:.0%}"


def _groups(rows: list[dict]) -> list[dict]:
    names = list(dict.fromkeys(row["group"] for row in rows))
    sizes = {row["group"]: row["clips"] for row in reversed(rows) if row["measure"] == "expressiveness"}
    colours = dict(zip(names, _GROUP_COLOURS * (len(names) // len(_GROUP_COLOURS) + 1), strict=False))
    return [{"name": name, "clips": sizes.get(name, 0), "colour": colours[name]} for name in names]


def _measures(rows: list[dict]) -> list[dict]:
    """Each measure that is drawn, with a dot and an interval a group, in percent of its axis."""
    found = defaultdict(list)
    for row in rows:
        if _title(row["measure"]):
            found[row["measure"]].append(row)
    colours = {group["name"]: group["colour"] for group in _groups(rows)}
    drawn = []
    for measure, own in found.items():
        highest = max(row["high"] if row["high"] is not None else row["mean"] for row in own)
        if highest > 0:
            dots = [_dot(row, measure, highest, colours[row["group"]]) for row in own]
            drawn.append({"title": _title(measure), "dots": dots})
    return drawn


def _dot(row: dict, measure: str, highest: float, colour: str) -> dict:
    low, high = (row["mean"] if row[key] is None else row[key] for key in ("low", "high"))
    said = _shown(measure, row["mean"])
    if row["low"] is not None:
        said += f" ({_shown(measure, low)} to {_shown(measure, high)})"
    places = {"at": row["mean"], "left": low, "width": high - low}
    return {key: f"{100 * value / highest:.2f}" for key, value in places.items()} | {"group": row["group"], "colour": colour, "said": said}


def _difference(row: dict) -> dict:
    measure, unit = row["measure"], 1 if row["measure"] == "changes_per_minute" else 100
    known = row["low"] is not None
    return {
        "groups": f"{row['group_a']} − {row['group_b']}",
        "title": _title(measure),
        "difference": f"{unit * row['difference']:+.1f}",
        "interval": f"{unit * row['low']:+.1f} to {unit * row['high']:+.1f}" if known else "–",
        "leaves_0_out": known and (row["low"] > 0 or row["high"] < 0),
    }


def _bar(clip: dict) -> dict:
    shares = [(label, clip[f"share_{label.lower()}"]) for label in EXPR]
    return {
        "name": clip["clip"],
        "seconds": clip["seconds"],
        "tracks": clip["tracks"],
        "expressiveness": clip["expressiveness"],
        "parts": [
            {
                "label": label,
                "width": f"{100 * share:.3f}",
                "share": f"{share:.0%}",
                "is_wide": share >= _LEAST_WRITTEN,
                "colour": _css(COLOURS[label]),
                "ink": _css(ink),
            }
            for label, share in shares
            if share
            for ink in (text_colour(COLOURS[label]),)
        ],
    }


def _heat(rows: list[dict]) -> list[dict]:
    """The transitions of all clips: a row a label with the share of each next one."""
    counts = defaultdict(int)
    for row in rows:
        counts[row["from"], row["to"]] += row["count"]
    found = []
    for before in EXPR:
        total = sum(counts[before, after] for after in EXPR)
        cells = [{"count": counts[before, after], "share": f"{counts[before, after] / total:.2f}" if total else "0"} for after in EXPR]
        found.append({"label": before, "total": total, "cells": cells})
    return found if rows else []


def _pairs(tables: dict[str, list[dict]]) -> list[dict]:
    """Each pair of faces with the curve of the correlation of their expressiveness, and what they show together."""
    curves, together = defaultdict(list), defaultdict(list)
    for row in tables["lags"]:
        if row["curve"] == "expressiveness" and row["correlation"] is not None:
            curves[row["clip"], row["track_a"], row["track_b"]].append((row["lag_s"], row["correlation"], row["frames"]))
    for row in tables["pairs"]:
        together[row["clip"], row["track_a"], row["track_b"]].append(row)
    return [_pair(*who, rows, curves[who]) for who, rows in together.items()]


def _pair(clip: str, a: int, b: int, rows: list[dict], curve: list[tuple[float, float, int]]) -> dict:
    both = sum(row["both"] for row in rows)
    found = {"clip": clip, "a": a, "b": b, "seconds": rows[0]["seconds"], "both": f"{both:.0%}", "points": "", "peak": ""}
    found["expected"] = f"{sum(row['expected'] for row in rows):.0%}"
    if curve:
        lags, values, frames = map(np.array, zip(*curve, strict=True))
        x = _WIDTH * (lags - lags[0]) / max(lags[-1] - lags[0], 1e-9)
        y = _HEIGHT * (1 - values) / 2
        found["reach"] = f"{lags[-1]:.1f}"
        found["points"] = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(x, y, strict=True))
    if curve and found["seconds"] >= _LEAST_TOLD_S:
        peak = int(np.abs(values).argmax())
        lag = lags[peak]
        order = "at the same time" if abs(lag) < 1e-9 else f"face {b if lag > 0 else a} {abs(lag):.1f} s later"
        found["peak"] = f"strongest correlation of expressiveness {values[peak]:+.2f} (n = {counted(int(frames[peak]), 'frame')}), {order}"
        found |= {"px": f"{x[peak]:.1f}", "py": f"{y[peak]:.1f}"}
    return found


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
