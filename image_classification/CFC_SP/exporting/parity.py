# SPDX-License-Identifier: Apache-2.0
"""The check before a bundle is written: every static program beside its eager network, in both engines, and the sequence beside its form
in NumPy and beside plain loops."""

from itertools import product
from pathlib import Path

import numpy as np
import paddle

from ..core.kinds import KINDS
from ..core.labels import COARSE, NEGATIVE
from ..core.reference import cascade_reference
from ..inference.agreement import TOLERANCE, example_crops, relative_difference
from ..inference.bundle import open_bundle
from ..inference.paddle_program import PaddleProgram
from ..inference.sequence import sequence_of
from ..support.errors import UserError

_CROPS, _FRAMES = 8, 40


def check_parity(folder: Path, layers: dict[str, paddle.nn.Layer]) -> None:
    """Runs every program of the bundle in `folder`, with oneDNN and without, beside its eager layer, and the sequence beside NumPy.

    Raises UserError with the program and the difference where one is larger than TOLERANCE of the largest value.
    """
    bundle = open_bundle(folder)
    for name, examples in _examples(bundle.manifest).items():
        programs = {"plain": PaddleProgram(bundle, name, onednn=False), "onednn": PaddleProgram(bundle, name)}
        for arrays in examples:
            with paddle.no_grad():
                outputs = layers[name](*(paddle.to_tensor(array) for array in arrays))
            expected = [output.numpy() for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]
            for engine, program in programs.items():
                compare(name, engine, program(*arrays), expected)
            if name == "sequence":
                settings = layers[name].settings
                *inputs, kind, tau = arrays
                by_loop = cascade_reference(*inputs, *settings, kind=list(KINDS)[kind.item()], tau=tau.item())
                compare(name, "loops", by_loop, expected)
                compare(name, "NumPy", sequence_of(bundle)(*arrays), expected)


def compare(name: str, engine: str, found, expected, tolerance: float = TOLERANCE) -> None:
    """Raises UserError where an array of `found` differs from that of `expected` by more than `tolerance` of its largest value or 1."""
    for position, (a, b) in enumerate(zip(found, expected, strict=True)):
        difference = relative_difference([a], [b])
        if not difference <= tolerance:
            raise UserError(
                f"no bundle written: output {position} of {name} ({engine}) differs by {difference:.1e} of its largest value, "
                f"expected {tolerance:.0e} at most: look at the checkpoint, or export with the pinned version of Paddle"
            )


def _examples(manifest: dict) -> dict[str, list[tuple[np.ndarray, ...]]]:
    """Seeded inputs of every program, those of clips in every mode; logits far enough apart that rounding decides no label."""
    rng = np.random.default_rng(0)
    crops = example_crops(manifest["crop"]["size"], _CROPS)
    valid, window = rng.random(_FRAMES) > 0.2, np.array([9])
    stages = [network["stage"] for network in manifest["networks"]]
    shapes = [(stages.count(stage), _FRAMES, len(classes)) for stage, classes in (("coarse", COARSE), ("negative", NEGATIVE))]
    logits = [rng.normal(0, 3, shape).astype(np.float32) for shape in shapes]
    modes = [(np.array([kind]), np.array([tau], np.float32)) for kind, tau in product(range(len(KINDS)), (0, 0.7))]
    return {
        **{name: [(crops,)] for name in ("coarse", "negative", "frame")},
        "sequence": [(*logits, valid, window, *mode) for mode in modes],
        "clip": [(crops, valid[:_CROPS], window, *mode) for mode in modes],
    }
