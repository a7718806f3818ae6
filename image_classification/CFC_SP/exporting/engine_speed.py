# SPDX-License-Identifier: Apache-2.0
"""How fast each engine runs a network program on this machine, and whether it computes the same."""

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from ..inference.agreement import MAX_PROBABILITY_CHANGE, TOLERANCE, example_crops, probability_change, relative_difference
from ..inference.bundle import MANIFEST, Bundle, open_bundle
from ..inference.engines import NETWORK_PROGRAMS, PADDLE_ENGINES, NetworkProgram
from ..inference.onnx_files import OnnxFile
from ..inference.onnxruntime_program import OnnxRuntimeProgram
from ..inference.openvino_program import OpenVinoProgram
from ..inference.paddle_program import PaddleProgram
from ..inference.precision import cpu_has_bfloat16
from ..support.errors import UserError
from ..support.files import atomic_path
from ..support.temporary import temporary_folder
from .onnx_export import convert

ONNX_ENGINES = ("onnxruntime", "openvino", "openvino bfloat16")
ALL_ENGINES = (*PADDLE_ENGINES, *ONNX_ENGINES)
BATCH, RUNS, _WARM_UPS = 8, 5, 2


def measure_engines(
    bundle: Bundle, name: str, engines: Iterable[str] = PADDLE_ENGINES, batch: int = BATCH, runs: int = RUNS, expected=None
) -> list[dict]:
    """One row for each of `engines`, some of ALL_ENGINES: engine, batch, seconds (of every run), relative_difference,
    probability_change, correct.

    The engines take turns, so that what else the machine does meets them alike. The differences are to `expected`, the outputs for
    `example_crops`, or where that is None to Paddle without oneDNN; correct in float32 within TOLERANCE, in bfloat16 within
    MAX_PROBABILITY_CHANGE. An engine that is not there or cannot run the program has a row without seconds, and `correct` False.
    bundle: anything with a bundle's programs; batches may have any size.
    """
    crops = example_crops(bundle.manifest["crop"]["size"], batch)
    if expected is None:
        expected = PaddleProgram(bundle, name, onednn=False)(crops)
    rows, programs = [], {}
    for engine in engines:
        row = {"engine": engine, "batch": batch, "seconds": [], "relative_difference": "", "probability_change": "", "correct": False}
        rows.append(row)
        try:
            program = _build(bundle, name, engine)
            found = program(crops)
        except (RuntimeError, ValueError, UserError, ModuleNotFoundError):
            # What engines say of an operation that they cannot run, and what is said of a package that is not installed.
            continue
        if program.engine != engine:
            continue
        difference, change = relative_difference(found, expected), probability_change(found, expected)
        fine = change <= MAX_PROBABILITY_CHANGE if engine.endswith("bfloat16") else difference <= TOLERANCE
        row |= {"relative_difference": f"{difference:.1e}", "probability_change": f"{change:.1e}", "correct": fine}
        programs[engine] = program, row["seconds"]
    for number in range(_WARM_UPS + runs):
        for program, spent in programs.values():
            begin = time.perf_counter()
            program(crops)
            if number >= _WARM_UPS:
                spent.append(time.perf_counter() - begin)
    return rows


def fastest(rows: list[dict]) -> str:
    """The engine of the correct row of `measure_engines` with the least median."""
    return min((row for row in rows if row["correct"]), key=lambda row: np.median(row["seconds"]))["engine"]


def record_engines(folder: str | Path) -> dict[str, dict]:
    """Measures Paddle's engines on every network program and writes the fastest correct one into the manifest; returns what it wrote.

    To be called when the bundle in `folder` is complete: the sha256 of its manifest changes.
    """
    bundle = open_bundle(folder)
    engines = {}
    for name in NETWORK_PROGRAMS:
        rows = measure_engines(bundle, name)
        medians = {row["engine"]: round(float(np.median(row["seconds"])) * 1e3 / BATCH, 3) for row in rows if row["correct"]}
        engines[name] = {"fastest": fastest(rows), "batch": BATCH, "ms_per_picture": medians}
    with atomic_path(bundle.folder / MANIFEST) as part:
        part.write_text(yaml.safe_dump(bundle.manifest | {"engines": engines}, sort_keys=False, width=120), encoding="utf-8")
    return engines


def _build(bundle: Bundle, name: str, engine: str) -> NetworkProgram:
    bfloat16 = engine.endswith("bfloat16")
    if bfloat16 and not cpu_has_bfloat16():
        raise UserError("this CPU does not multiply in bfloat16")
    if engine in ONNX_ENGINES:
        with temporary_folder() as folder:
            model = OnnxFile(name, Path(folder, f"{name}.onnx"), "float32", bundle.manifest["crop"]["size"])
            model.path.write_bytes(convert(bundle, name))
            return OnnxRuntimeProgram(model, "cpu") if engine == "onnxruntime" else OpenVinoProgram(model, bfloat16)
    return PaddleProgram(bundle, name, onednn=engine != "cpu", bfloat16=bfloat16)
