# SPDX-License-Identifier: Apache-2.0
"""The engines that are installed, side by side on one bundle's networks."""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ..inference.agreement import MAX_PROBABILITY_CHANGE, example_crops, probability_change
from ..inference.bundle import open_bundle
from ..inference.engine_choice import DEVICES, DEVICES_OF, chosen_engine, installed_engines
from ..inference.loaded_model import start_predictor
from ..support.errors import UserError
from ..support.packages import EXTRAS, install_word

# What engines may differ by in a probability where all compute in float32.
AGREEING = 1e-4
_WARM_UPS = 2


@dataclass
class EngineFigures:
    """What one engine showed. name: as `-engine` takes it. engine, device: what really ran. start_s: until it could run. faces_per_s: of
    the median batch. change: the largest change of a probability to the first engine that ran. refusal: why there is none of this."""

    name: str
    engine: str = ""
    device: str = ""
    start_s: float = 0.0
    faces_per_s: float = 0.0
    change: float = 0.0
    refusal: str = ""
    seconds: list[float] = field(default_factory=list)


def compare_engines(location: str | Path, device: str = "auto", batches: int = 20) -> list[EngineFigures]:
    """The figures of every engine, in the order in which `auto` takes the first that is installed.

    Each runs `batches` batches of seeded pictures, in turns with the others. Raises UserError for a bundle that is refused, where no engine
    is installed and where none could run.
    """
    if batches < 1:
        raise UserError(f"-batches: expected 1 or more, found {batches}")
    if device not in DEVICES:
        raise UserError(f"-device: expected one of {', '.join(DEVICES)}, found {device!r}")
    chosen_engine("auto", "auto")
    bundle = open_bundle(location)
    crops = example_crops(bundle.manifest["crop"]["size"], bundle.manifest["batch"])
    here, rows, running, expected = installed_engines(), [], [], None
    with ExitStack() as opened:
        for name in DEVICES_OF:
            rows.append(row := EngineFigures(name))
            if name not in here:
                row.refusal = f"not installed: pip install {install_word(EXTRAS[name])}"
                continue
            begin = time.perf_counter()
            try:
                chosen_engine(name, device)
                predictor = opened.enter_context(closing(start_predictor(bundle, device, name)))
                row.engine, row.device = (predictor.status()[key] for key in ("engine", "device"))
                row.start_s = time.perf_counter() - begin
                found = predictor.begin("frame", crops).result()
            except UserError as error:
                row.refusal = str(error)
                continue
            expected = expected or found
            row.change = probability_change(found, expected)
            running.append((row, predictor))
        for number in range(_WARM_UPS + batches):
            for row, predictor in running:
                run = predictor.begin("frame", crops)
                run.result()
                if number >= _WARM_UPS:
                    row.seconds.append(run.seconds)
    for row, _ in running:
        row.faces_per_s = len(crops) / median(row.seconds)
    if not running:
        raise UserError("no engine could run: " + "; ".join(f"{row.name}: {row.refusal}" for row in rows))
    return rows


def describe_comparison(rows: list[EngineFigures]) -> str:
    """A line for each engine, and two on which is fastest and whether they agree."""
    lines, ran = [], [row for row in rows if not row.refusal]
    for row in rows:
        if row.refusal:
            lines.append(f"{row.name}: {row.refusal}")
        else:
            how = f"{row.engine} on {row.device}"
            lines.append(f"{row.name}: {row.faces_per_s:.0f} faces/s, ready after {row.start_s:.1f} s ({how})")
    best = max(ran, key=lambda row: row.faces_per_s)
    lines.append(f"Fastest here: {best.name}. `auto` takes {ran[0].name}.")
    if len(ran) > 1:
        worst = max(ran, key=lambda row: row.change)
        in_bfloat16 = any("bfloat16" in row.engine for row in ran)
        limit = MAX_PROBABILITY_CHANGE if in_bfloat16 else AGREEING
        said = "They agree" if worst.change <= limit else "They do NOT agree"
        allowed = f"{limit:g} is allowed{' in bfloat16' * in_bfloat16}"
        lines.append(f"{said}: probabilities differ by {worst.change:.1e} at most ({worst.name} from {ran[0].name}; {allowed}).")
    return "\n".join(lines)
