"""How fast each engine runs a network program on this machine, and whether it computes the same."""

import time

import numpy as np

from ..errors import UserError
from .agreement import MAX_PROBABILITY_CHANGE, TOLERANCE, example_crops, probability_change, relative_difference
from .bundle import Bundle
from .onnx_export import convert
from .openvino_program import OpenVinoProgram, import_openvino
from .precision import cpu_has_bfloat16
from .program import Program

_WARM_UPS = 2


def measure_engines(bundle: Bundle, name: str, batch: int = 8, runs: int = 10) -> list[dict]:
    """One row for every engine that is there: engine, batch, ms_per_picture (median) with its quartiles, the differences, correct.

    The engines take turns, so that what else the machine does meets them alike. relative_difference and probability_change are to
    Paddle without oneDNN; correct in float32 within TOLERANCE, in bfloat16 within MAX_PROBABILITY_CHANGE. An engine that cannot run the
    program has a row without figures, and `correct` False. Batches may have any size; bundle: anything with a bundle's programs.
    """
    crops = example_crops(bundle.manifest["crop"]["size"], batch)
    rows, programs, expected = [], {}, None
    for engine, build in _engines(bundle, name).items():
        row = {"engine": engine, "batch": batch, "ms_per_picture": "", "quartile_1": "", "quartile_3": ""}
        row |= {"relative_difference": "", "probability_change": "", "correct": False}
        rows.append(row)
        try:
            program = build()
            found = program(crops)
        except (RuntimeError, ValueError):
            # What engines say of an operation that they cannot run.
            continue
        if program.engine != engine:
            continue
        expected = found if expected is None else expected
        difference, change = relative_difference(found, expected), probability_change(found, expected)
        fine = change <= MAX_PROBABILITY_CHANGE if engine.endswith("bfloat16") else difference <= TOLERANCE
        row |= {"relative_difference": f"{difference:.1e}", "probability_change": f"{change:.1e}", "correct": fine}
        programs[engine] = program
    for program in programs.values():
        for _ in range(_WARM_UPS):
            program(crops)
    spent = {engine: [] for engine in programs}
    for _ in range(runs):
        for engine, program in programs.items():
            begin = time.perf_counter()
            program(crops)
            spent[engine].append((time.perf_counter() - begin) * 1e3 / batch)
    for row in rows:
        if row["engine"] in spent:
            quartiles = np.percentile(spent[row["engine"]], (50, 25, 75))
            row |= dict(zip(("ms_per_picture", "quartile_1", "quartile_3"), (f"{value:.3f}" for value in quartiles), strict=True))
    return rows


def fastest(rows: list[dict]) -> str:
    """The engine of the quickest correct row of `measure_engines`."""
    return min((row for row in rows if row["correct"]), key=lambda row: float(row["ms_per_picture"]))["engine"]


def _engines(bundle: Bundle, name: str) -> dict:
    """How to build the program on every engine that this machine has, by what its `engine` will say; the reference comes first."""
    builders = {
        "cpu": lambda: Program(bundle, name, onednn=False),
        "onednn": lambda: Program(bundle, name),
        "onednn bfloat16": lambda: Program(bundle, name, bfloat16=True),
    }
    try:
        import_openvino()
        model = convert(bundle, name)
    except (UserError, ModuleNotFoundError):
        pass
    else:
        builders |= {
            "openvino": lambda: OpenVinoProgram(model, name),
            "openvino bfloat16": lambda: OpenVinoProgram(model, name, bfloat16=True),
        }
    return {engine: build for engine, build in builders.items() if cpu_has_bfloat16() or not engine.endswith("bfloat16")}
