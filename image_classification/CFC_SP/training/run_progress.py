# SPDX-License-Identifier: Apache-2.0
"""Where a run stands, as its checkpoint notes it."""

import dataclasses
import math

from ..support.files import git_sha

_NUMBER = int | float
_ROW = {"epoch": int, "steps": int, "loss": _NUMBER, "lr": _NUMBER, "val_accuracy": _NUMBER, "val_macro_f1": _NUMBER, "seconds": _NUMBER}
_TEACHER = {"name": str, "sha256": str, "validation": dict | None}


@dataclasses.dataclass
class Progress:
    """Where a run stands: steps done, the epoch's loss sum and time so far, the commits it ran at, the epochs' rows, its teachers."""

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    git_sha: str = dataclasses.field(default_factory=git_sha)
    rows: list = dataclasses.field(default_factory=list)
    teachers: list = dataclasses.field(default_factory=list)

    @classmethod
    def of_note(cls, note: dict) -> "Progress":
        """What `dataclasses.asdict` gave to a checkpoint's note; raises ValueError for anything else."""
        kinds = {"step": int, "loss_sum": _NUMBER, "seconds": _NUMBER, "git_sha": str, "rows": list, "teachers": list}
        _check("progress", note, kinds)
        for place, row in enumerate(note["rows"], 1):
            _check(f"row {place}", row, _ROW)
        for place, teacher in enumerate(note["teachers"], 1):
            _check(f"teacher {place}", teacher, _TEACHER)
        if note["step"] < 0:
            raise ValueError("a step before the first")
        return cls(**note)


def _check(name: str, found, kinds: dict) -> None:
    """Raises ValueError where `found` is not a dictionary of these keys and kinds, with finite numbers."""
    if not isinstance(found, dict) or found.keys() != kinds.keys():
        raise ValueError(f"its {name} is not {', '.join(kinds)}")
    for key, kind in kinds.items():
        value = found[key]
        if isinstance(value, bool) or not isinstance(value, kind) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"{key} of its {name} is malformed")
