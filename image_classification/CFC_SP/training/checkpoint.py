"""Checkpoints as `.safetensors`: arrays with a JSON note, written whole or not at all, read without running anyone's code."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from paddle import nn
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..errors import UserError
from ..files import atomic_path


def save_checkpoint(path: str | Path, arrays: dict[str, np.ndarray], note: dict) -> None:
    """Writes `arrays` and the JSON-able `note` to `path` atomically."""
    with atomic_path(path) as temporary:
        save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, temporary, {"note": json.dumps(note)})


def load_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """What `save_checkpoint` wrote; the note is empty for another program's file. Raises UserError for a missing or damaged file."""
    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: expected a .safetensors file")
    try:
        with safe_open(path, framework="numpy") as file:
            note = json.loads((file.metadata() or {}).get("note", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, note  # noqa: SIM118, it is no dict
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise UserError(f"{path}: expected a whole .safetensors file, found a damaged or foreign one ({error})") from error


@dataclass(frozen=True)
class LoadReport:
    """The tensor names of a load: used as they are, renamed (theirs -> ours), left out (with the reason), missing in the file."""

    used: tuple[str, ...]
    renamed: dict[str, str]
    left_out: dict[str, str]
    missing: tuple[str, ...]


def load_pretrained(model: nn.Layer, path: str | Path) -> LoadReport:
    """Puts the weights at `path` into `model` and says what became of each tensor.

    A classifier for other classes is left out. Raises UserError, with the first five tensors that differ, for another network's file.
    """
    arrays, _ = load_checkpoint(path)
    own = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    classifier = tuple(name for name in own if ".head." in f".{name}")
    fitting = {name: value for name, value in arrays.items() if own.get(name) == value.shape}
    wrong = [
        f"{name} {list(arrays[name].shape) if name in arrays else 'absent'} (expected {list(shape)})"
        for name, shape in own.items()
        if name not in fitting and name not in classifier
    ]
    if wrong:
        raise UserError(
            f"{path}: not a checkpoint of this network; {len(wrong)} tensors differ, such as {', '.join(wrong[:5])}: "
            "use the config it was trained with"
        )
    # Whole, since Paddle warns of every name that is not there.
    model.set_state_dict(model.state_dict() | fitting)
    reasons = {n: "classifier for other classes" if n in own else "no such tensor here" for n in arrays if n not in fitting}
    return LoadReport(tuple(fitting), {}, reasons, tuple(n for n in own if n not in arrays))
