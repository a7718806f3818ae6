"""bfloat16 for the networks: where a CPU has it, and where the probabilities stay what they were."""

from pathlib import Path

import yaml
from paddle.base import core

from ..errors import UserError
from ..files import atomic_path
from .agreement import MAX_PROBABILITY_CHANGE, example_crops, probability_change
from .bundle import MANIFEST, Bundle, open_bundle
from .program import Program

PRECISIONS = ("auto", "float32", "bfloat16")
# The programs by which prediction recognises: crops in, logits out.
NETWORK_PROGRAMS = ("frame",)
_CROPS = 8


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 (avx512_bf16 or AMX); elsewhere it would only be slower."""
    return core.supports_bfloat16_fast_performance()


def bfloat16_change(build, size: int) -> float:
    """The largest change of a probability when a program of logits computes in bfloat16, on seeded crops of `size` px.

    build: called with whether to use bfloat16, gives the program. Infinite where the engine cannot run it so.
    """
    crops = example_crops(size, _CROPS)
    expected = build(False)(crops)
    try:
        program = build(True)
        found = program(crops)
    except (RuntimeError, ValueError):
        # What engines say of an operation that they have no bfloat16 kernel for.
        return float("inf")
    return float("inf") if program.fell_back else probability_change(found, expected)


def checked_precision(build, size: int) -> str:
    """What a bundle records of a program: "bfloat16" where this CPU has it and it changes no probability by more than 0.02."""
    if cpu_has_bfloat16() and bfloat16_change(build, size) <= MAX_PROBABILITY_CHANGE:
        return "bfloat16"
    return "float32"


def record_precision(folder: str | Path) -> dict[str, str]:
    """Writes the precision of every network program, as Paddle's own engine computes it, into the manifest; returns it by name.

    To be called when the bundle in `folder` is complete: the sha256 of its manifest changes.
    """
    bundle = open_bundle(folder)
    size = bundle.manifest["crop"]["size"]
    precision = {
        name: checked_precision(lambda bfloat16, name=name: Program(bundle, name, bfloat16=bfloat16), size) for name in NETWORK_PROGRAMS
    }
    with atomic_path(bundle.folder / MANIFEST) as part:
        part.write_text(yaml.safe_dump(bundle.manifest | {"precision": precision}, sort_keys=False, width=120), encoding="utf-8")
    return precision


def recorded_precision(bundle: Bundle, name: str) -> str:
    """What the manifest says of a program; "float32" where it says nothing."""
    recorded = bundle.manifest.get("precision", {})
    return "bfloat16" if isinstance(recorded, dict) and recorded.get(name) == "bfloat16" else "float32"


def in_precision(build, wanted: str, recorded: str, name: str, size: int):
    """The program that `build` gives, in bfloat16 where the CPU has it and it is `wanted`, or "auto" is and it was `recorded`.

    Asked for outright, bfloat16 is checked first; raises UserError where it changes probabilities too much.
    """
    if wanted == "float32" or not cpu_has_bfloat16() or (wanted, recorded) == ("auto", "float32"):
        return build(False)
    if wanted == "bfloat16":
        change = bfloat16_change(build, size)
        if change > MAX_PROBABILITY_CHANGE:
            raise UserError(
                f"-precision bfloat16 changes probabilities of the program {name} by {change:.2g}, expected "
                f"{MAX_PROBABILITY_CHANGE} at most: use -precision auto, which keeps float32 there"
            )
    return build(True)
