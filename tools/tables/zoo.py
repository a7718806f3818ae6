"""Tables of the networks: those that ship, and all that can be built."""

from pathlib import Path

from image_classification.backbones import BACKBONES
from tools.benchmarks.measuring import read_rows
from tools.tables.bundles import shipped, size_mb
from tools.tables.markdown import measured_on, newest, not_measured, same_machine, short_count, table

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
                    f"{validation['val_accuracy']:.1%}, {validation['val_macro_f1']:.3f}",
                    network["temperature"],
                    f"`main_single_gpu.py -cfg configs/{training['config']}.yaml`, seed {training['seed']}, at {training['git_sha'][:7]}",
                ]
            )
    headers = ["bundle", "stage", "network", "input", "validation accuracy, macro-F1 of its stage", "temperature", "trained by"]
    return table(headers, lines)


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
        total = sum(size_mb(bundle, file) for file in manifest["files"])
        lines.append([bundle, "all files, programs included", f"{total:.2f} MB", "", "", ""])
    return table(["bundle", "file", "size", "sha256", "trained on", "licence"], lines)


def networks(results: Path) -> str:
    """Every backbone: parameters, MACs, milliseconds a picture on each engine and batch size, and whether weights ship."""
    rows = read_rows(results / "benchmark-networks.csv")
    if not rows:
        return not_measured(COMMAND)
    rows = same_machine(rows)
    found = newest(rows, "network", "engine", "batch")
    settings = sorted(newest(rows, "engine", "batch"), key=lambda setting: (setting[0] != "onednn", setting[0], int(setting[1])))
    ships = {
        (network["backbone"], f"{bundle} ({network['stage']})")
        for bundle, manifest in shipped().items()
        for network in manifest["networks"]
    }
    lines = []
    for (name,), row in sorted(newest(rows, "network").items(), key=lambda item: list(BACKBONES).index(item[0][0])):
        macs, run_macs = float(row["macs"]), float(row["run_macs"])
        weights = ", ".join(sorted(where for backbone, where in ships if backbone == name)) or "no weights ship"
        times = [f"{float(found[(name, *setting)]['median']):.1f}" if (name, *setting) in found else "failed" for setting in settings]
        lines.append(
            [
                f"`{name}`",
                f"{row['side']} px, {'grey' if row['channels'] == '1' else 'RGB'}",
                short_count(float(row["parameters"])),
                short_count(macs) + (f", fused {short_count(run_macs)}" if run_macs != macs else ""),
                *times,
                weights,
            ]
        )
    headers = ["network", "input", "parameters", "MACs", *(f"ms, {engine}, batch {batch}" for engine, batch in settings), "weights"]
    return table(headers, lines, f"Milliseconds a picture. {measured_on(found.values())}")
