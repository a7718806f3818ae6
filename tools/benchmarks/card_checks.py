# SPDX-License-Identifier: Apache-2.0
"""What must hold on a graphics card: one check a function, each of which gives rows of (what, whether it holds, a figure in words).

`python -m tools.benchmarks.card_checks NAME CLIP ...` runs one of them and prints its rows as JSON, so that a crash costs one check.
"""

import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.core.labels import STAGES
from image_classification.CFC_SP.inference.agreement import (
    MAX_PROBABILITY_CHANGE,
    TOLERANCE,
    example_crops,
    probability_change,
    relative_difference,
)
from image_classification.CFC_SP.support.device import select_device
from image_classification.CFC_SP.support.quiet_paddle import paddle
from image_classification.CFC_SP.weights.model import build_model
from image_classification.CFC_SP.weights.random_weights import randomise
from tools.weights.random_bundle import random_bundle

# The paper's four families at full size.
CONFIGS = tuple(f"configs/{name}_flat.yaml" for name in ("swin_s", "iresnet152", "hrnet", "repvgg"))
CROPS, BATCH, STEPS = 8, 16, 3
# Of the weights after three steps, as a share of the largest: CUDA adds gradients up in no fixed order.
RESUMED = 1e-3
BATCHES = (1, 8, 16, 32, 64, 128)
Row = tuple[str, bool, str]


def eager(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Every family in eager mode gives the CPU's logits within 1e-4, in float32."""
    for config in map(_own_size, CONFIGS):
        crops = example_crops(config.DATA.CROP_SIZE, CROPS)
        expected, found = (_logits(config, crops, place) for place in ("cpu", device))
        difference = relative_difference([found], [expected])
        yield config.MODEL.NAME, difference <= TOLERANCE, f"{difference:.1e} of the largest logit"


def static(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Every family as a static program gives the CPU's logits within 1e-4, in float32; says where cuDNN's fusions had to be left out."""
    from image_classification.CFC_SP.inference.paddle_program import PaddleProgram

    select_device("cpu")
    for config in CONFIGS:
        name = Path(config).stem
        with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
            bundle = random_bundle(config, Path(folder))
            crops = example_crops(bundle.manifest["crop"]["size"], CROPS)
            expected, program = PaddleProgram(bundle, name, onednn=False)(crops), PaddleProgram(bundle, name, device)
            difference = relative_difference(program(crops), expected)
        yield name, difference <= TOLERANCE, f"{difference:.1e} of the largest logit, {program.engine}"


def precision(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Every family in float16 and, where the card has it, bfloat16 gives finite logits; how far probabilities move from float32."""
    for config in map(_own_size, CONFIGS):
        crops = example_crops(config.DATA.CROP_SIZE, CROPS)
        expected = _logits(config, crops, device)
        for dtype in ("float16", "bfloat16"):
            if dtype == "bfloat16" and not paddle.amp.is_bfloat16_supported():
                yield f"{config.MODEL.NAME}, {dtype}", True, "this device does not compute in it"
                continue
            change = probability_change([_logits(config, crops, device, dtype)], [expected])
            within = "within" if change <= MAX_PROBABILITY_CHANGE else "beyond"
            yield f"{config.MODEL.NAME}, {dtype}", math.isfinite(change), f"{change:.1e}, {within} {MAX_PROBABILITY_CHANGE}"


def labels(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """The bundle `lite` says the same of every face in the clips as on the CPU."""
    from image_classification.CFC_SP.prediction.recognizer import predict_video

    for clip in clips:
        here, there = ([face for row in predict_video(clip, device=place).rows for face in row.faces] for place in ("cpu", device))
        same = sum(a.label == b.label for a, b in zip(here, there, strict=False))
        yield clip.name, len(here) == len(there) == same, f"{same} labels of {len(here)} and {len(there)}"


def training(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Every family trains for three steps in float16 with loss scaling, and its losses are finite."""
    select_device(device)
    for config in CONFIGS:
        config = _own_size(config, ["TRAIN.AMP", "float16", "TRAIN.BATCH_SIZE", str(BATCH)])
        stepper = _stepper(config)
        before = stepper.weights()
        losses = [stepper(*batch) for batch in _batches(config)]
        moved = any(not np.array_equal(before[name].numpy(), value.numpy()) for name, value in stepper.weights().items())
        told = "weights moved" if moved else "every step was skipped, as scaling does at first"
        yield config.MODEL.NAME, all(map(math.isfinite, losses)), f"losses {', '.join(f'{loss:.3f}' for loss in losses)}; {told}"


def resume(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """A run that goes on from its checkpoint gets the weights of one that was not ended, but for the order in which CUDA adds up."""
    select_device(device)
    config = _own_size(CONFIGS[-1], ["TRAIN.BATCH_SIZE", str(BATCH)])
    whole, first, second = (_stepper(config) for _ in range(3))
    batches = _batches(config)
    for batch in batches:
        whole(*batch)
    for batch in batches[:-1]:
        first(*batch)
    second.load_state(first.state(), len(batches) - 1)
    second(*batches[-1])
    pairs = [(second.weights()[name].numpy(), value.numpy()) for name, value in whole.weights().items()]
    difference = max(relative_difference([a], [b]) for a, b in pairs)
    exact = all(np.array_equal(a, b) for a, b in pairs)
    yield config.MODEL.NAME, difference <= RESUMED, "the same bytes" if exact else f"{difference:.1e} of the largest weight"


def processes(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Two processes, a card each, share a batch and have one loss; left out where there is one card."""
    from image_classification.CFC_SP.support.process_group import run_together

    cards = paddle.device.cuda.device_count() if device == "gpu" else 2
    if cards < 2:
        yield "two cards", True, f"found {cards}: left out"
        return
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        run_together(partial(_step_together, Path(folder)), device, 2)
        losses = [float(path.read_text()) for path in sorted(Path(folder).iterdir())]
    yield "two cards", len(set(losses)) == 1 and math.isfinite(losses[0]), f"losses {losses}"


def speed(device: str, clips: Sequence[Path] = ()) -> Iterator[Row]:
    """Faces a second of the submitted ensemble by batch size, and whether finding faces on the CPU holds the card up."""
    from image_classification.CFC_SP.core.cascade_settings import Temperature
    from image_classification.CFC_SP.exporting import export_bundle
    from image_classification.CFC_SP.exporting.members import sources_of_cascade
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
    from image_classification.CFC_SP.prediction.recognizer import predict_video

    select_device("cpu")
    config, sources = sources_of_cascade("configs/table2.yaml", "output", True, 9)
    temperatures = {stage: [Temperature()] * len(paths) for stage, paths in sources.items()}
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        made = export_bundle(sources, Path(folder, "paper"), temperatures, "none: random weights", config)
        program = PaddleProgram(open_bundle(made), "frame", device)
        for batch in BATCHES:
            crops = example_crops(config.DATA.CROP_SIZE, batch)
            seconds = [_seconds(program, crops) for _ in range(5)][2:]
            yield f"batch {batch}", True, f"{batch / np.median(seconds):.1f} faces/s"
        for clip in clips:
            summary = predict_video(clip, bundle=made, device=device).summary
            spent, frames = summary.timings_s, max(summary.frames, 1)
            stages = ", ".join(
                f"{name} {1e3 * spent[name] / frames:.1f}" for name in ("decode", "detect", "wait", "classify") if name in spent
            )
            slower = "the card waits for detection" if spent["detect"] > spent["classify"] else "detection keeps up"
            yield clip.name, True, f"ms a frame: {stages}; {slower}"


CHECKS = {check.__name__: check for check in (eager, static, precision, labels, training, resume, processes, speed)}


def _own_size(path: str, options: Sequence[str] = ()):
    """The config with crops of its network's own size."""
    return load_config(path, ["DATA.CROP_SIZE", str(load_config(path).MODEL.INPUT_SIZE), *options])


def _logits(config, crops: np.ndarray, device: str, dtype: str | None = None) -> np.ndarray:
    select_device(device)
    model = build_model(config)
    randomise(model, config.NAME)
    model.eval()
    with paddle.no_grad(), paddle.amp.auto_cast(enable=dtype is not None, dtype=dtype or "float16"):
        return model(paddle.to_tensor(crops)).astype("float32").numpy()


def _stepper(config, group=None):
    from image_classification.CFC_SP.support.process_group import ALONE
    from image_classification.CFC_SP.training.steps import EagerStep

    paddle.seed(config.SEED)
    model = build_model(config)
    randomise(model, config.NAME)
    return EagerStep(config, model, 100, group or ALONE)


def _batches(config) -> list[tuple[np.ndarray, np.ndarray]]:
    classes = len(STAGES[config.STAGE])
    crops = np.random.default_rng(0).integers(0, 256, (STEPS, BATCH, *[config.DATA.CROP_SIZE] * 2, 3), np.uint8)
    return [(batch, np.eye(classes, dtype=np.float32)[np.arange(BATCH) % classes]) for batch in crops]


def _step_together(folder: Path, group) -> None:
    config = _own_size(CONFIGS[-1], ["TRAIN.BATCH_SIZE", str(BATCH)])
    stepper = _stepper(config, group)
    losses = [stepper(group.share(crops), group.share(targets)) for crops, targets in _batches(config)]
    (folder / f"{group.rank}.txt").write_text(repr(losses[-1]))


def _seconds(program, crops) -> float:
    begin = time.perf_counter()
    program(crops)
    return time.perf_counter() - begin


if __name__ == "__main__":
    for row in CHECKS[sys.argv[1]]("gpu", [Path(clip) for clip in sys.argv[2:]]):
        print(json.dumps(row), flush=True)
