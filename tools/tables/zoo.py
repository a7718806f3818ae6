# SPDX-License-Identifier: Apache-2.0
"""Tables of the networks: those that ship, and all that can be built."""

from collections import defaultdict
from pathlib import Path

from image_classification.backbones import BACKBONES
from image_classification.CFC_SP.config import config_of_run, load_config, shipped_configs
from image_classification.CFC_SP.core.labels import STAGES
from image_classification.CFC_SP.exporting.engine_speed import ALL_ENGINES
from image_classification.CFC_SP.inference.bundle import MANIFEST
from tools.benchmarks.measuring import read_rows
from tools.tables import overview
from tools.tables.markdown import measured_on, newest, not_measured, same_machine, short_count, table
from tools.tables.rooms import SPEED
from tools.weights.shipped import shipped, size_mb

# As the rows of benchmark-networks.csv have them.
BATCHES = ("1", "8")
COMMAND = "python tools/benchmark.py networks"


def members(_: Path) -> str:
    """The networks of every shipped bundle: where from, how good on their own validation pictures."""
    lines = []
    for bundle, manifest in shipped().items():
        for network in manifest["networks"]:
            training, validation = network["training"], network["validation"]
            lines.append(
                [
                    bundle,
                    network["stage"],
                    f"`{network['backbone']}`",
                    f"{network['input']['size']} px, {'grey' if network['input']['channels'] == 1 else 'RGB'}",
                    f"{validation['val_accuracy']:.1%}, {validation['val_macro_f1']:.3f} over {len(STAGES[network['trained_as']])} classes",
                    f"{network['temperature']}, {network['temperature_smoothed']}",
                    _trained_by(training),
                ]
            )
    headers = ["bundle", "stage", "network", "input", "validation accuracy, macro-F1 as it ships", "temperature, with SP", "trained by"]
    return table(headers, lines)


def _trained_by(training: dict) -> str:
    made = f"`main_single_gpu.py -cfg {config_of_run(training['config'])}`, seed {training['seed']}"
    if averaged := training.get("averaged"):
        parts = ", ".join(f"{part['share']:.0%} `{part['name']}`" for part in averaged)
        made = f"`tools/average_weights.py` of {parts}"
    shifted = "; then `tools/fit_class_bias.py`" if "class_bias" in training else ""
    return f"{made}, at {training['git_sha'][:7]}{shifted}"


# The headers of the model-zoo page's table, in English and in Chinese.
_HEADERS = {
    "en": ("bundle", "network", "FER+ test, accuracy", "macro-F1", "parameters", "MACs", "MB", "crop", "link", "licence of the weights"),
    "cn": ("模型包", "网络", "FER+ 测试集准确率", "macro-F1", "参数量", "计算量（MACs）", "大小（MB）", "人脸裁剪", "链接", "权重许可"),
}
_LINK = {"en": "in this repository", "cn": "随仓库提供"}


def model_zoo(results: Path, language: str = "en") -> str:
    """Every shipped bundle as PaddleViT's model-zoo pages list networks: how good, how large, what it sees, where it lies."""
    known, lines = overview.figures(results), []
    rows = read_rows(results / SPEED / "benchmark-networks.csv")
    measured = newest(rows, "network", "channels", "side")
    for bundle, manifest in shipped().items():
        own = list({network["weights"]: network for network in manifest["networks"]}.values())
        keys = [(network["backbone"], str(network["input"]["channels"]), str(network["input"]["size"])) for network in own]
        found = [measured[key] for key in keys if key in measured]
        sums = {name: sum(float(row[name]) for row in found) for name in ("parameters", "run_macs")}
        crop = manifest["crop"]
        lines.append(
            [
                f"`{bundle}`",
                ", ".join(f"`{key[0]}`, {key[2]} px" for key in keys),
                known.get(f"{bundle}-test-accuracy", ""),
                known.get(f"{bundle}-test-macro-f1", ""),
                *(short_count(value) if len(found) == len(keys) else "" for value in sums.values()),
                known[f"{bundle}-mb"].removesuffix(" MB"),
                f"{crop['size']} px" + (f", {crop['align']}" if crop.get("align", "none") != "none" else ""),
                f"[{_LINK[language]}](bundles/{bundle})",
                "; ".join(dict.fromkeys(network["licence"] for network in own)),
            ]
        )
    return table(_HEADERS[language], lines)


def files(_: Path) -> str:
    """The weights of every shipped bundle."""
    lines = []
    for bundle, manifest in shipped().items():
        detector = manifest["detector"]
        weights = {
            **{network["weights"]: (network["training"]["data"], network["licence"]) for network in manifest["networks"]},
            detector["weights"]: ("MTCNN's authors'", detector["licence"]),
        }
        for file, (data, licence) in weights.items():
            lines.append([bundle, f"`{file}`", f"{size_mb(bundle, file):.2f} MB", f"`{manifest['files'][file]}`", data, licence])
        total = sum(size_mb(bundle, file) for file in (*manifest["files"], MANIFEST))
        lines.append([bundle, "all files, programs included", f"{total:.2f} MB", "", "", ""])
    return table(["bundle", "file", "size", "sha256", "trained on", "licence"], lines)


def networks(results: Path) -> str:
    """Every backbone: parameters, MACs, milliseconds a picture on each engine, the fastest of them, and whether weights ship."""
    return _networks(results, list(BACKBONES))


def paper_networks(results: Path) -> str:
    """The same of the paper's own networks and of the lite ones alone."""
    flat = [path for path in shipped_configs() if path.stem.endswith("_flat")]
    return _networks(results, sorted({load_config(path).MODEL.NAME for path in flat}))


def _networks(results: Path, names: list[str]) -> str:
    rows = read_rows(results / SPEED / "benchmark-networks.csv")
    if not rows:
        return not_measured(COMMAND)
    rows = [row for row in same_machine(rows) if row["network"] in names]
    found = newest(rows, "network", "channels", "side", "engine", "batch")
    engines = [engine for engine in ALL_ENGINES if any(row["engine"] == engine for row in rows)]
    ships = defaultdict(list)
    for bundle, manifest in shipped().items():
        for network in manifest["networks"]:
            taken = network["input"]
            ships[network["backbone"], str(taken["channels"]), str(taken["size"])].append(f"{bundle} ({network['stage']})")
    lines = []
    for key, row in sorted(newest(rows, "network", "channels", "side").items(), key=lambda item: names.index(item[0][0])):
        name, channels, side = key
        macs, run_macs = float(row["macs"]), float(row["run_macs"])
        times = {batch: {e: found[*key, e, batch] for e in engines if (*key, e, batch) in found} for batch in BATCHES}
        lines.append(
            [
                f"`{name}`",
                f"{side} px, {'grey' if channels == '1' else 'RGB'}",
                short_count(float(row["parameters"])),
                short_count(macs) + (f", fused {short_count(run_macs)}" if run_macs != macs else ""),
                *(_milliseconds(times["8"].get(engine)) for engine in engines),
                *(_fastest(times[batch]) for batch in reversed(BATCHES)),
                ", ".join(ships[key]) or "no weights ship",
            ]
        )
    headers = ["network", "input", "parameters", "MACs", *engines, "fastest", "fastest, one by one", "weights"]
    note = "Milliseconds a picture in batches of 8; empty where an engine was not measured or cannot run the network; struck through where "
    note += "its outputs differ from the eager network's by more than 1e-4, or in bfloat16 its probabilities by more than 0.02."
    return table(headers, lines, f"{note} {measured_on(found.values())}")


def _milliseconds(row: dict[str, str] | None) -> str:
    if row is None:
        return ""
    text = f"{float(row['median']):.1f}"
    return f"~~{text}~~" if row["correct"] == "False" else text


def _fastest(times: dict[str, dict[str, str]]) -> str:
    """The engine that takes the least of those that compute the same, with its milliseconds."""
    right = {engine: float(row["median"]) for engine, row in times.items() if row["correct"] != "False"}
    engine = min(right, key=right.get, default=None)
    return f"{engine}, {right[engine]:.1f}" if engine else ""
