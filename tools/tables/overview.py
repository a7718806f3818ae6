# SPDX-License-Identifier: Apache-2.0
"""The table that helps to choose a bundle, and the figures that stand within sentences."""

import textwrap
from pathlib import Path

from image_classification.CFC_SP.inference.bundle import MANIFEST
from tools.benchmarks.measuring import read_rows
from tools.tables import footage
from tools.tables.markdown import newest, table
from tools.tables.rooms import SCORES, SPEED, TRAINING
from tools.tables.speed import BUDGET_CLIP, NOT_MEASURED, costs, frames_per_second, number
from tools.weights.shipped import shipped, size_mb

# Lines of the README are no longer.
WIDTH = 110


_HEADERS = {
    "en": ("bundle", "real clips", "FER+", "frames/s", "MB", "licence"),
    "cn": ("模型包", "真实视频", "FER+", "帧/秒", "MB", "许可"),
}


def bundles(results: Path, language: str = "en") -> str:
    """Every shipped bundle: what is right on clips and pictures as prediction computes it, speed, size, licence. language: of the words
    around, "en" or "cn"."""
    scores, (rates, measured) = _scores(results) | footage.figures(results), frames_per_second(results)
    lines = [
        [
            f"`{bundle}`",
            scores.get(f"{bundle}-clips-right", NOT_MEASURED),
            scores.get(f"{bundle}-test-accuracy", NOT_MEASURED),
            rates.get(bundle, NOT_MEASURED),
            f"{_total_mb(bundle):.1f}",
            _licence(manifest),
        ]
        for bundle, manifest in shipped().items()
    ]
    pictures = scores.get("test-pictures", "no")
    if language == "cn":
        note = f"真实视频：人工标注片段中标签正确的帧所占比例，按类别平均。FER+：{pictures} 张测试图片上的准确率，未做翻转平均。"
        note += f"`{BUDGET_CLIP}` 的帧率：{measured or NOT_MEASURED}"
        return table(_HEADERS["cn"], lines, note)
    note = "Real clips: frames with the right label in labelled ranges, mean over classes. FER+: accuracy on "
    note += f"{pictures} test pictures, without flip averaging. Frames/s of `{BUDGET_CLIP}`"
    note += f": {measured}" if measured else " are not measured."
    return table(_HEADERS["en"], lines, "\n".join(textwrap.wrap(note, WIDTH)))


def _total_mb(bundle: str) -> float:
    return sum(size_mb(bundle, file) for file in (*shipped()[bundle]["files"], MANIFEST))


def _licence(manifest: dict) -> str:
    """The licences of the networks without what they say of the data, and the detector's."""
    own = dict.fromkeys(network["licence"].partition(";")[0] for network in manifest["networks"])
    return f"{', '.join(own)}; face detector {manifest['detector']['licence']}"


def figures(results: Path) -> dict[str, str]:
    """Every figure that a sentence may hold, by its name.

    Of each bundle: BUNDLE-SPLIT-accuracy and -macro-f1 (with -flip-averaged at the end too), BUNDLE-frames-per-s, BUNDLE-ms-a-face,
    BUNDLE-mb, and what `footage.figures` names, on clips. Of each run: RUN-minutes, RUN-epochs, RUN-val-accuracy, RUN-val-macro-f1. Then
    SPLIT-pictures, and what `speed.costs` names, of the default bundle.
    """
    rates = {f"{bundle}-frames-per-s": rate for bundle, rate in frames_per_second(results)[0].items()}
    sizes = {f"{bundle}-mb": f"{_total_mb(bundle):.1f} MB" for bundle in shipped()}
    own = {name: cost for name, cost in costs(results).items() if name != "frames-per-s"}
    found = _scores(results) | own | rates | sizes | _faces(results) | footage.figures(results)
    for path in sorted((results / TRAINING).glob("*.csv")):
        found |= _curve(path.stem, read_rows(path))
    return found


def _scores(results: Path) -> dict[str, str]:
    rows = [row for row in read_rows(results / SCORES / "evaluate.csv") if row["bundle"] in shipped() and row["data"] == "ferplus"]
    found = {}
    for (bundle, split, flip, metric), row in newest(rows, "bundle", "split", "flip", "metric").items():
        found[f"{split}-pictures"] = f"{int(row['pictures']):,}"
        averaged = "-flip-averaged" if flip == "True" else ""
        if metric == "accuracy":
            found[f"{bundle}-{split}-accuracy{averaged}"] = f"{float(row['value']):.1%}"
        elif metric == "macro_f1":
            found[f"{bundle}-{split}-macro-f1{averaged}"] = f"{float(row['value']):.3f}"
    return found


def _faces(results: Path) -> dict[str, str]:
    """Milliseconds a face of each bundle's network, in batches of 8 on the engine that the bundle names as its fastest."""
    rows = [row for row in read_rows(results / SPEED / "benchmark-networks.csv") if row["batch"] == "8"]
    measured, found = newest(rows, "network", "channels", "side", "engine"), {}
    for bundle, manifest in shipped().items():
        files = {network["weights"]: network for network in manifest["networks"]}
        keys = [(own["backbone"], str(own["input"]["channels"]), str(own["input"]["size"])) for own in files.values()]
        engine = manifest.get("engines", {}).get("frame", {}).get("fastest")
        times = [float(measured[*key, engine]["median"]) for key in keys if (*key, engine) in measured]
        found[f"{bundle}-ms-a-face"] = number(sum(times) if times and len(times) == len(keys) else None, "{:.1f} ms")
    return found


def _curve(run: str, rows: list[dict[str, str]]) -> dict[str, str]:
    best = max(rows, key=lambda row: float(row["val_macro_f1"]))
    return {
        f"{run}-minutes": f"{sum(float(row['seconds']) for row in rows) / 60:.0f}",
        f"{run}-epochs": str(len(rows)),
        f"{run}-val-accuracy": f"{float(best['val_accuracy']):.1%}",
        f"{run}-val-macro-f1": f"{float(best['val_macro_f1']):.3f}",
    }
