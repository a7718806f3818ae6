"""Every backbone by itself, as a static program: parameters, multiplications, milliseconds a picture.

Each network on each engine runs in a process of its own, so that a crash or an endless wait costs one row.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import paddle
from safetensors.numpy import save_file

from image_classification.backbones import BACKBONES, build_backbone, family_of
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.preprocess import ExpressionNet, Preprocess
from image_classification.CFC_SP.errors import UserError
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.inference.program import Program
from image_classification.IResNet.iresnet import IResNet
from image_classification.SwinTransformer.swin import SwinTransformer
from tools.benchmarks.counting import count_macs, count_parameters
from tools.benchmarks.measuring import median_of, seconds_of

# What Program takes for each engine.
ENGINES = {"onednn": {"onednn": True}, "cpu": {"onednn": False}}
BATCHES = (1, 8)
_ROOT = Path(__file__).resolve().parents[2]


def measure(arguments) -> Iterator[list[dict]]:
    """The rows of one network on one engine after another, one a batch size; what fails is named on standard error and left out."""
    unknown = [name for name in arguments.only or [] if name not in BACKBONES]
    if unknown:
        raise UserError(f"-only: expected some of {', '.join(BACKBONES)}, found {unknown[0]!r}")
    for name in arguments.only or BACKBONES:
        for engine in ENGINES:
            rows = _apart(name, engine, arguments.runs, arguments.limit)
            if rows:
                yield rows


def _apart(name: str, engine: str, runs: int, limit: float) -> list[dict]:
    command = [sys.executable, "-m", "tools.benchmarks.networks", name, engine, str(runs)]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"{name} on {engine}: not done after {limit:g} s, left out", file=sys.stderr)
        return []
    if done.returncode:
        last = (done.stderr.strip() or "no word").splitlines()[-1]
        print(f"{name} on {engine}: ended with code {done.returncode} ({last}), left out", file=sys.stderr)
        return []
    return json.loads(done.stdout.splitlines()[-1])


def native_input(name: str) -> tuple[int, int]:
    """(channels, side in px) of the pictures that a backbone was designed for."""
    if name.endswith("_lite"):
        return 1, 48
    small = family_of(name) is IResNet or (name.endswith("_face") and family_of(name) is not SwinTransformer)
    return 3, 112 if small else 224


def build(name: str) -> ExpressionNet:
    """The backbone with eight classes, random weights and its preprocessing in front, in evaluation mode."""
    paddle.seed(0)
    channels, side = native_input(name)
    backbone = build_backbone(name, num_classes=len(EXPR), in_channels=channels, input_size=side)
    net = ExpressionNet(Preprocess(side, side, channels, "image" if channels == 1 else "imagenet"), backbone)
    net.eval()
    return net


def measure_network(name: str, engine: str, runs: int) -> list[dict]:
    """One row a batch size. `parameters` and `macs` are the trained network's, `run_macs` those of what runs, fused where it can be."""
    channels, side = native_input(name)
    net = build(name)
    picture = paddle.zeros([1, channels, side, side])
    parameters, macs = count_parameters(net), count_macs(net.backbone, picture)
    if hasattr(net.backbone, "fuse"):
        net.backbone.fuse()
    known = {"network": name, "channels": channels, "side": side, "parameters": parameters, "macs": macs}
    known |= {"run_macs": count_macs(net.backbone, picture)}
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        bundle = write_program(net, side, Path(folder))
        rows = []
        for batch in BATCHES:
            program = Program(bundle, "net", **ENGINES[engine])
            crops = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
            for _ in range(2):
                program(crops)
            spent = median_of(seconds_of(lambda program=program, crops=crops: program(crops), runs), 1e3 / batch)
            rows.append({**known, "engine": program.engine, "batch": batch, "unit": "ms/picture", **spent.row(4)})
    return rows


def write_program(net: ExpressionNet, side: int, folder: Path) -> Bundle:
    """Saves the network in `folder` as the one program, `net`, of what `Program` takes for a bundle."""
    save_file({name: value.numpy() for name, value in net.state_dict().items()}, folder / "net.safetensors")
    for name, parameter in net.state_dict().items():
        parameter.name = f"net/{name}"
    paddle.jit.save(net, str(folder / "net"), input_spec=[paddle.static.InputSpec([None, side, side, 3], "uint8", "crops")])
    return Bundle(folder, {"name": "net", "files": {"net.safetensors": ""}}, "")


if __name__ == "__main__":
    print(json.dumps(measure_network(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
