# SPDX-License-Identifier: Apache-2.0
"""bfloat16 for the networks: where a CPU has it, and where the probabilities stay what they were."""

import math

from ..support.errors import UserError
from .agreement import MAX_PROBABILITY_CHANGE, example_crops, probability_change

_CROPS = 8


def cpu_has_bfloat16() -> bool:
    """Whether Paddle would multiply in bfloat16 on this CPU (avx512_bf16 or AMX); elsewhere it would only be slower."""
    from paddle.base import core

    return core.supports_bfloat16_fast_performance()


def bfloat16_change(build, size: int) -> float:
    """The largest change of a probability when a program of logits computes in bfloat16, on seeded crops of `size` px.

    build: called with whether to use bfloat16, gives the program. Infinite where the engine cannot run it so.
    """
    return _compared(build, size)[0]


def _compared(build, size: int) -> tuple:
    """That change, and the program in bfloat16; None where it cannot be built."""
    crops, program = example_crops(size, _CROPS), None
    expected = build(False)(crops)
    try:
        program = build(True)
        found = program(crops)
    except (RuntimeError, ValueError):
        # What engines say of an operation that they have no bfloat16 kernel for.
        return float("inf"), program
    return float("inf") if program.fell_back else probability_change(found, expected), program


def checked_precision(build, size: int, has_bfloat16) -> str:
    """What is recorded of an ONNX program: "bfloat16" where this CPU has it and it changes no probability by more than 0.02."""
    if has_bfloat16() and bfloat16_change(build, size) <= MAX_PROBABILITY_CHANGE:
        return "bfloat16"
    return "float32"


def in_precision(build, wanted: str, recorded: str, name: str, size: int, has_bfloat16):
    """The program that `build` gives, in bfloat16 where the CPU has it and it is `wanted`, or "auto" is and it was `recorded`.

    has_bfloat16: says whether the engine would multiply in it on this CPU. Asked for outright, bfloat16 is checked first; raises
    UserError where it changes probabilities too much.
    """
    if wanted == "float32" or (wanted, recorded) == ("auto", "float32") or not has_bfloat16():
        return build(False)
    if wanted == "bfloat16":
        change, program = _compared(build, size)
        if not change <= MAX_PROBABILITY_CHANGE:
            found = f"they change by {change:.2g}" if math.isfinite(change) else "its networks cannot be computed in it here"
            raise UserError(
                f"-precision bfloat16: expected the probabilities of {name} to change by {MAX_PROBABILITY_CHANGE} at most, "
                f"found that {found}: use -precision auto, which keeps float32 there"
            )
        return program
    return build(True)
