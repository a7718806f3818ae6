# SPDX-License-Identifier: Apache-2.0
"""Every backbone by itself, as a static program: parameters, multiplications, milliseconds a picture.

Each network on each engine runs in a process of its own, so that a crash or an endless wait costs one row.
"""

import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import paddle

from image_classification.backbones import BACKBONES, build_backbone, family_of
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.preprocess import ExpressionNet, Preprocess
from image_classification.CFC_SP.exporting.engine_speed import ALL_ENGINES, measure_engines
from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.support.errors import UserError
from image_classification.IResNet.iresnet import IResNet
from image_classification.SwinTransformer.swin import SwinTransformer
from tools.benchmarks.counting import count_macs, count_parameters
from tools.benchmarks.measuring import median_of
from tools.weights.random_bundle import seeded_bundle
from tools.weights.shipped import shipped

BATCHES = (1, 8)
_ROOT = Path(__file__).resolve().parents[2]


def measure(arguments) -> Iterator[list[dict]]:
    """The rows of one network, input and engine after another, one a batch size; what fails is named on standard error and left out."""
    for option, asked, known in (("only", arguments.only, BACKBONES), ("engines", arguments.engines, ALL_ENGINES)):
        unknown = [name for name in asked or [] if name not in known]
        if unknown:
            raise UserError(f"-{option}: expected some of {', '.join(known)}, found {unknown[0]!r}")
    for name in arguments.only or BACKBONES:
        for (channels, side), engine in itertools.product(inputs_of(name), arguments.engines or ALL_ENGINES):
            rows = _apart(name, channels, side, engine, arguments.runs, arguments.limit)
            if rows:
                yield rows


def _apart(name: str, channels: int, side: int, engine: str, runs: int, limit: float) -> list[dict]:
    command = [sys.executable, "-m", "tools.benchmarks.network_speed", *map(str, (name, channels, side, engine, runs))]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"{name} of {side} px on {engine}: not done after {limit:g} s, left out", file=sys.stderr)
        return []
    if done.returncode:
        last = (done.stderr.strip() or "no word").splitlines()[-1]
        print(f"{name} of {side} px on {engine}: ended with code {done.returncode} ({last}), left out", file=sys.stderr)
        return []
    return json.loads(done.stdout.splitlines()[-1])


def native_input(name: str) -> tuple[int, int]:
    """(channels, side in px) of the pictures that a backbone was designed for."""
    if name.endswith("_lite"):
        return 1, 48
    small = family_of(name) is IResNet or (name.endswith("_face") and family_of(name) is not SwinTransformer)
    return 3, 112 if small else 224


def inputs_of(name: str) -> list[tuple[int, int]]:
    """(channels, side in px) of what a backbone is measured on: its native input, then those of the shipped networks that are built so."""
    networks = [network for manifest in shipped().values() for network in manifest["networks"] if network["backbone"] == name]
    taken = {(network["input"]["channels"], network["input"]["size"]) for network in networks}
    return [native_input(name), *sorted(taken - {native_input(name)})]


def build(name: str, channels: int, side: int) -> ExpressionNet:
    """The backbone with eight classes, random weights and its preprocessing in front, in evaluation mode."""
    paddle.seed(0)
    backbone = build_backbone(name, num_classes=len(EXPR), in_channels=channels, input_size=side)
    net = ExpressionNet(Preprocess(side, side, channels, "image" if channels == 1 else "imagenet"), backbone)
    net.eval()
    return net


def measure_network(name: str, channels: int, side: int, engine: str, runs: int) -> list[dict]:
    """One row a batch size for pictures of `side` px, none where the engine is not there or cannot run the network.

    `parameters` and `macs` are the trained network's, `run_macs` those of what runs, fused where it can be; the differences are to
    the eager network.
    """
    net = build(name, channels, side)
    picture = paddle.zeros([1, channels, side, side])
    known = {"network": name, "channels": channels, "side": side, "parameters": count_parameters(net)}
    known["macs"] = count_macs(net.backbone, picture)
    rows = []
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        bundle = seeded_bundle(net, "net", Path(folder))
        known["run_macs"] = count_macs(net.backbone, picture)
        for batch in BATCHES:
            with paddle.no_grad():
                expected = (net(paddle.to_tensor(example_crops(side, batch))).numpy(),)
            for row in measure_engines(bundle, "net", [engine], batch, runs, expected):
                if spent := row.pop("seconds"):
                    rows.append({**known, **row, "unit": "ms/picture", **median_of(spent, 1e3 / batch).row(4)})
    return rows


if __name__ == "__main__":
    name, channels, side, engine, runs = sys.argv[1:]
    print(json.dumps(measure_network(name, int(channels), int(side), engine, int(runs))))
