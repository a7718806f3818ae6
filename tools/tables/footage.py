# SPDX-License-Identifier: Apache-2.0
"""Tables of what the shipped bundles say of real clips."""

from collections import defaultdict
from pathlib import Path

from image_classification.CFC_SP.core.alignment import ALIGNMENTS
from image_classification.CFC_SP.core.labels import COARSE, EXPR
from tools.benchmarks.measuring import read_rows
from tools.footage.clip_scores import CHANGES, ECE, MACRO, TALKING
from tools.tables.markdown import newest, not_measured, table
from tools.tables.rooms import SCORES
from tools.weights.shipped import shipped

_COMMAND = "python tools/score_clips.py -clips FOLDERS -out results/scores"
# What sentences call the metrics.
_FIGURES = {MACRO: "clips-right", TALKING: "clips-talking", CHANGES: "clips-changes", ECE: "clips-ece"}
_FIGURES |= {name: f"clips-{name.lower()}" for name in EXPR}
_DIGITS = {CHANGES: 2, ECE: 3}
# A range whose share is less has failed.
_HALF = 0.5


def clips(results: Path) -> str:
    """Every group of labelled ranges, before and after smoothing as the bundles ship, and after with its interval."""
    lines, modes = defaultdict(list), [mode for mode in _modes(_metrics(results)) if _ships(mode)]
    if not modes:
        return not_measured(_COMMAND)
    for row in (row for mode in modes for row in mode):
        low, high = (_figure(row, f"smoothed_{end}") for end in ("low", "high"))
        lines[_what(row)] += [_figure(row, "raw"), f"{_figure(row, 'smoothed')} ({low} to {high})"]
    headers = [f"{mode[0]['bundle']}, {when}" for mode in modes for when in ("before smoothing", "after")]
    note = "Shares of a range's frames with the right label, means over ranges; in brackets 95 % of 1,000 drawings of the clips."
    return table(["real clips", *headers], [[name, *cells] for name, cells in lines.items()], note)


def clip_modes(results: Path) -> str:
    """What each kind of smoothing and each prior that was measured makes of the same clips, and what one person more or less does."""
    lines = {}
    for mode in _modes(_metrics(results)):
        by_name, bundle = {row["metric"]: row for row in mode}, mode[0]["bundle"]
        how = f"prior ^ {float(mode[0]['prior']):g} taken out" if float(mode[0]["prior"]) else "the data's prior"
        smoothed = f"{mode[0]['smoothing']}, window {mode[0]['window']}, {how}" + ", as it ships" * _ships(mode)
        # Without smoothing, modes of one prior are the same.
        for when, what in (("raw", f"no smoothing, {how}"), ("smoothed", smoothed)):
            least, most = (_figure(by_name[MACRO], f"{when}_without_one_{end}") for end in ("least", "most"))
            lines[f"{bundle}: {what}"] = [*(_figure(row, when) for row in mode), f"{least} to {most}"]
    if not lines:
        return not_measured(_COMMAND)
    names = [row["metric"] for row in _modes(_metrics(results))[0]]
    return table(["real clips", *names, "macro with one person left out"], [[what, *cells] for what, cells in lines.items()])


def alignment(results: Path) -> str:
    """What turning faces upright by their five points does to each shipped bundle on labelled clips, as they are and tilted."""
    rows = [row for row in read_rows(results / SCORES / "alignment.csv") if row["bundle"] in shipped()]
    if not rows:
        return not_measured("python tools/measure_alignment.py -clips FOLDERS -out results/scores/alignment.csv")
    cells = newest(rows, "bundle", "tilt", "metric", "align")
    lines = []
    for bundle, tilt, metric in dict.fromkeys(key[:3] for key in cells):
        what = f"{bundle}, turned by {tilt} degrees" if float(tilt) else f"{bundle}, as they are"
        found = (cells.get((bundle, tilt, metric, align)) for align in ALIGNMENTS)
        lines.append([what, metric, *(f"{float(row['smoothed']):.1%}" if row else "" for row in found)])
    note = f"Shares of the frames with the right label, as the bundles ship; {rows[-1]['clips']} clips."
    return table(["real clips", "", *(f"`{align}`" for align in ALIGNMENTS)], lines, note)


def clip_failures(results: Path) -> str:
    """The labelled ranges of which the bundles, as they ship, get less than half, and what they say instead."""
    rows = [row for row in read_rows(results / SCORES / "clips.csv") if row["bundle"] in shipped() and row["label"] in {*EXPR, *COARSE}]
    lines = []
    for mode in (mode for mode in _modes(rows) if _ships(mode)):
        for group in sorted({row["group"] for row in mode}):
            own = [row for row in mode if row["group"] == group]
            failed = [row for row in own if float(row["smoothed_share"]) < _HALF]
            if failed:
                people = len({row["person"] for row in failed}), len({row["person"] for row in own})
                said = ", ".join(f"{row['said']} (right {float(row['smoothed_share']):.0%})" for row in failed)
                lines.append([mode[0]["bundle"], group, f"{len(failed)} of {len(own)}", f"{people[0]} of {people[1]}", said])
    if not lines:
        return not_measured(_COMMAND)
    return table(["bundle", "range", "ranges less than half right", "people", "what is said most in each"], lines)


def figures(results: Path) -> dict[str, str]:
    """BUNDLE-clips-right, the mean over classes, BUNDLE-clips-anger and so on for each class, -talking, -changes and -ece as each bundle
    ships, and BUNDLE-raw-... before smoothing."""
    found = {}
    for row in (row for mode in _modes(_metrics(results)) if _ships(mode) for row in mode if row["metric"] in _FIGURES):
        name = _FIGURES[row["metric"]]
        found |= {f"{row['bundle']}-{name}": _figure(row, "smoothed"), f"{row['bundle']}-raw-{name}": _figure(row, "raw")}
    return found


def _metrics(results: Path) -> list[dict[str, str]]:
    return [row for row in read_rows(results / SCORES / "clip-metrics.csv") if row["bundle"] in shipped()]


def _modes(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """The rows of each bundle and mode, in the order in which they were measured; those as the bundles ship come last of theirs."""
    found = defaultdict(list)
    for row in rows:
        found[row["bundle"], row["smoothing"], row["window"], row["prior"]].append(row)
    return sorted(found.values(), key=lambda mode: (mode[0]["bundle"], _ships(mode)))


def _ships(mode: list[dict[str, str]]) -> bool:
    row, manifest = mode[0], shipped()[mode[0]["bundle"]]
    asked = manifest["sp"]["kind"], manifest["sp"]["window"], manifest["prior"]["tau"]
    return (row["smoothing"], int(row["window"]), float(row["prior"])) == asked


def _what(row: dict[str, str]) -> str:
    if row["metric"] in (CHANGES, ECE):
        return {CHANGES: "changes of the label a second of a face", ECE: "calibration error of the confidence"}[row["metric"]]
    return f"{row['metric']}: {row['ranges']} ranges, {row['persons']} people"


def _figure(row: dict[str, str], column: str) -> str:
    value = float(row[column])
    return f"{value:.{_DIGITS[row['metric']]}f}" if row["metric"] in _DIGITS else f"{value:.0%}"
