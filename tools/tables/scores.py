# SPDX-License-Identifier: Apache-2.0
"""Tables of what the bundles get right: pictures, ranges of real clips, and both under disturbance."""

from pathlib import Path

from image_classification.CFC_SP.core.labels import EXPR
from tools.benchmarks.measuring import read_rows
from tools.footage.robustness_rows import NOTHING
from tools.tables.markdown import newest, not_measured, table
from tools.tables.rooms import SCORES
from tools.weights.shipped import shipped, ships


def pictures(results: Path) -> str:
    """The newest scores of every shipped bundle's cascade on each split of FER+: first as prediction computes them."""
    rows = [row for row in read_rows(results / SCORES / "evaluate.csv") if row["bundle"] in shipped()]
    found = newest(rows, "bundle", "data", "split", "flip", "metric")
    metrics = ["accuracy", "macro_f1", *(f"f1_{name.lower()}" for name in EXPR)]
    lines = []
    for bundle, data, split, flip in sorted(newest(rows, "bundle", "data", "split", "flip"), key=lambda key: (key[0], key[3] == "True")):
        own = [found[bundle, data, split, flip, metric] for metric in metrics]
        what = f"{bundle}: {split}, {own[0]['pictures']} pictures" + ", flip averaged" * (flip == "True")
        what += f", {own[0]['engine']}" if own[0]["engine"] else ""
        values = [float(row["value"]) for row in own]
        lines.append([what, f"{values[0]:.1%}", *(f"{value:.3f}" for value in values[1:])])
    return table(["FER+, 8 classes, cascade", "accuracy", "macro-F1", *(f"F1 {name}" for name in EXPR)], lines)


def stages(results: Path) -> str:
    """The newest scores of every shipped bundle's stages, each by itself, without flip averaging."""
    rows = [row for row in read_rows(results / SCORES / "evaluate.csv") if row["bundle"] in shipped() and row["flip"] == "False"]
    found = newest(rows, "bundle", "split", "metric")
    lines = []
    for bundle, split in newest(rows, "bundle", "split"):
        for stage, prefix in (
            ("cascade, 8 classes", ""),
            ("coarse, 5", "coarse_"),
            ("negative, 4, on what is truly negative", "negative_"),
        ):
            key = [(bundle, split, f"{prefix}{metric}") for metric in ("accuracy", "macro_f1", "ece")]
            if all(entry in found for entry in key):
                accuracy, f1, ece = (float(found[entry]["value"]) for entry in key)
                lines.append([bundle, split, stage, f"{accuracy:.1%}", f"{f1:.3f}", f"{ece:.3f}"])
    return table(["bundle", "FER+ split", "stage", "accuracy", "macro-F1", "calibration error"], lines)


def weak_classes(results: Path) -> str:
    """For every class of the shipped bundles: how much of it is found on the test split, and what the rest is taken for."""
    lines = []
    for bundle in shipped():
        path = results / SCORES / f"confusion-{bundle}-ferplus-test.csv"
        counts = {row["true"]: {name: int(row[name]) for name in EXPR} for row in read_rows(path)}
        for name in sorted(counts, key=lambda name: counts[name][name] / sum(counts[name].values())):
            own, total = counts[name], sum(counts[name].values())
            wrong = sorted(((count, other) for other, count in own.items() if other != name), reverse=True)[:2]
            taken = ", ".join(f"{other} ({count / total:.0%})" for count, other in wrong if count)
            precision = own[name] / max(1, sum(row[name] for row in counts.values()))
            lines.append([bundle, name, total, f"{own[name] / total:.0%}", f"{precision:.0%}", taken])
    return table(["bundle", "class", "test pictures", "found", "right when said", "else mostly taken for"], lines)


def robustness(results: Path) -> str:
    """Each disturbance at three strengths, with each shipped bundle: accuracy on pictures, and on clips the faces found and the labels
    that stay. A bundle that was not measured since it was released stands with what its former release had."""
    rows = [row for row in read_rows(results / SCORES / "robustness.csv") if row["bundle"] in shipped()]
    if not rows:
        return not_measured("python tools/robustness.py -data ferplus.zip -clips FILES")
    last = {row["bundle"]: row["bundle_sha256"] for row in rows}
    bundles = sorted(last, key=list(shipped()).index)
    own = {bundle: [row for row in rows if (row["bundle"], row["bundle_sha256"]) == (bundle, last[bundle])] for bundle in bundles}
    accuracy = {
        bundle: newest([row for row in own[bundle] if row["metric"] == "accuracy"], "disturbance", "strength") for bundle in bundles
    }
    lines = []
    # Nothing comes before something.
    for key, row in sorted(newest(rows, "disturbance", "strength").items(), key=lambda item: item[0] != (NOTHING, "0")):
        shares = [f"{float(accuracy[bundle][key]['value']):.1%}" if key in accuracy[bundle] else "" for bundle in bundles]
        found, kept = zip(*(_on_clips(own[bundle], key) for bundle in bundles), strict=True)
        what = f"{row['disturbance']}, {row['meaning']}" if row["meaning"] else row["disturbance"]
        # Which faces are found, the detector says and no bundle.
        lines.append([what, *shares, found[0], *kept])
    known = next((f"{row['data']}, {row['split']}, {row['count']} pictures" for row in rows if row["metric"] == "accuracy"), "no pictures")
    headers = [f"accuracy of {bundle}" for bundle in bundles], [f"of them, `raw_label` of {bundle} unchanged" for bundle in bundles]
    former = ", ".join(bundle for bundle in bundles if not ships(bundle, last[bundle]))
    release = f" {former}: of an earlier release." if former else ""
    note = f"Accuracy on {known}, without flip averaging. Clips are weighed by their faces.{release}"
    return table(["disturbance", *headers[0], "faces found again in clips", *headers[1]], lines, note)


def _on_clips(rows: list[dict[str, str]], key: tuple[str, ...]) -> list[str]:
    """The shares over all clips together, of faces found and of labels kept."""
    own = [row for row in rows if (row["disturbance"], row["strength"]) == key and row["metric"] != "accuracy"]
    shares = []
    for metric in ("found", "agreement"):
        of_clips = newest([row for row in own if row["metric"] == metric], "data").values()
        total = sum(int(row["count"]) for row in of_clips)
        shares.append(f"{sum(float(row['value']) * int(row['count']) for row in of_clips) / total:.1%}" if total else "")
    return shares
