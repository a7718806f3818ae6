# SPDX-License-Identifier: Apache-2.0
"""Checkpoints as `.safetensors`: arrays with a JSON note, written whole or not at all; and pretrained weights of any origin."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from safetensors.numpy import save_file

from ...origins import Origin
from ..core.preprocess import NORMALIZATIONS, ExpressionNet
from ..support.errors import UserError
from ..support.files import atomic_path
from ..support.layered_yaml import parse_yaml
from ..support.tensor_files import TensorFileError, read_tensors_and_texts
from .foreign import read_pickled

# Why a classifier is left out, as LoadReport says it.
OTHER_CLASSES = "classifier for other classes"
_OURS = Origin("ours", (), normalize=None, torch=False)
# What trainers wrap their tensors in: keys of the file, and prefixes of the names (data parallel, a backbone with a loss on top).
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("", "backbone.", "module.", "module.backbone.", "model.")


def save_checkpoint(path: str | Path, arrays: dict[str, np.ndarray], note: dict) -> None:
    """Writes `arrays` and the JSON-able `note` to `path` atomically."""
    with atomic_path(path) as temporary:
        save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, temporary, {"note": json.dumps(note)})


def save_pdparams(path: str | Path, backbone: nn.Layer) -> None:
    """Writes the tensors of `backbone`, by their names in it, to `path` as `paddle.load` reads them, atomically."""
    with atomic_path(path) as temporary:
        paddle.save(backbone.state_dict(), str(temporary))


def load_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """What `save_checkpoint` wrote; the note is empty for another program's file.

    bfloat16 is read as float32. Raises UserError for a missing or damaged file, and for types that NumPy has not, such as float8.
    """
    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: expected a .safetensors file")
    try:
        arrays, texts = read_tensors_and_texts(path)
        note = json.loads(texts.get("note", "{}"))
        if not isinstance(note, dict):
            raise TensorFileError("its note is no dictionary")
        return arrays, note
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: expected a whole .safetensors file, found a damaged or foreign one ({error})") from error


@dataclass(frozen=True)
class LoadReport:
    """What became of each tensor of a file. used: loaded under its own name. renamed: the file's name -> ours. left_out: name -> reason.
    missing: tensors of ours that the file lacks. origin: the library whose names the file uses."""

    origin: str
    used: tuple[str, ...]
    renamed: dict[str, str]
    left_out: dict[str, str]
    missing: tuple[str, ...]

    def lines(self, everything: bool = False) -> list[str]:
        """The report for people, one group of lines for each thing that can become of a tensor; the first five of each, or all."""
        groups = {
            "used": list(self.used),
            "renamed": [f"{theirs} -> {ours}" for theirs, ours in self.renamed.items()],
            "left out": [f"{name} ({reason})" for name, reason in self.left_out.items()],
            "missing": [f"{name} (stays as initialised)" for name in self.missing],
        }
        lines = [f"tensor names of: {self.origin}"]
        for kind, entries in groups.items():
            shown = entries if everything else entries[:5]
            lines += [f"{kind}: {len(entries)}", *(f"  {entry}" for entry in shown)]
            if len(shown) < len(entries):
                lines.append(f"  ... and {len(entries) - len(shown)} more (-all lists them)")
        return lines


@dataclass(frozen=True)
class Translation:
    """A file's tensors under our names, with whose names they had, what its network saw in training, and what that took."""

    origin: str
    normalize: str | None
    tensors: dict[str, np.ndarray]
    renamed: dict[str, str]
    left_out: dict[str, str]


def load_pretrained(model: nn.Layer, path: str | Path) -> LoadReport:
    """Loads the weights at `path` into `model`, a backbone or an ExpressionNet around one, and reports what became of each tensor.

    path: a .safetensors file, or a pickle (.pt, .pth, .pdparams) of an origin that the backbone's class knows. A classifier for other
    classes is left out, and so is a part that the model does not have at all. Raises UserError for the file of another network, with the
    first five tensors that differ, and where an ExpressionNet would show the network other colours than it learnt from. `model` then
    stays as it was.
    """
    backbone = getattr(model, "backbone", model)
    found = translate(backbone, path)
    own = {name: tuple(value.shape) for name, value in backbone.state_dict().items()}
    wrong = [
        f"{name} {list(found.tensors[name].shape) if name in found.tensors else 'absent'} (expected {list(shape)})"
        for name, shape in own.items()
        if (name not in found.tensors or found.tensors[name].shape != shape) and not name.startswith("head.")
    ]
    # A part that is here too, only deeper there, is another network; a part that is not here at all is an addition to this one.
    parts = {name.partition(".")[0] for name in own} - {"head"}
    wrong += [f"{name} {list(value.shape)} (expected none)" for name, value in found.tensors.items()
              if name not in own and name.partition(".")[0] in parts]  # fmt: skip
    if wrong:
        raise UserError(
            f"{path}: not a checkpoint of this {type(backbone).__name__}; {len(wrong)} tensors differ, such as {', '.join(wrong[:5])}: "
            "choose the MODEL.NAME and the input it was trained with"
        )
    sees = model.preprocess.normalize if isinstance(model, ExpressionNet) else None
    if None not in (sees, found.normalize) and sees != found.normalize:
        raise UserError(
            f"{path}: expected MODEL.NORMALIZE {found.normalize}, with which its network was trained, found {sees}: "
            f"add -opts MODEL.NORMALIZE {found.normalize}"
        )
    fitting = {name: value for name, value in found.tensors.items() if own.get(name) == value.shape}
    left_out = found.left_out | {
        theirs: OTHER_CLASSES if ours in own else "no such tensor here" for theirs, ours in found.renamed.items() if ours not in fitting
    }
    # Whole, since Paddle warns of every name that is not there.
    backbone.set_state_dict(backbone.state_dict() | {name: np.asarray(value, np.float32) for name, value in fitting.items()})
    renamed = {theirs: ours for theirs, ours in found.renamed.items() if ours in fitting}
    return LoadReport(
        found.origin,
        used=tuple(name for name, ours in renamed.items() if name == ours),
        renamed={name: ours for name, ours in renamed.items() if name != ours},
        left_out=left_out,
        missing=tuple(name for name in own if name not in found.tensors),
    )


def translate(backbone: nn.Layer, path: str | Path) -> Translation:
    """The tensors at `path` under the names and in the layout of `backbone`, whatever their shapes; its own classifier may differ.

    Raises UserError for a file that cannot be read and for names of no origin that the backbone's class knows.
    """
    arrays, note = _read(path)
    origin, theirs, left_out = _recognise(backbone, arrays, path)
    own = {name: tuple(value.shape) for name, value in backbone.state_dict().items()}
    linear = {f"{name}.weight" for name, layer in backbone.named_sublayers() if isinstance(layer, nn.Linear)} | {"head.weight"}
    tensors, renamed = {}, {}
    for name, value in theirs.items():
        if reason := origin.reason_to_leave_out(name):
            left_out[name] = reason
            continue
        ours = origin.rename(name)
        renamed[name] = ours
        tensors[ours] = value
    if _turned(own, tensors, linear, origin):
        tensors |= {name: tensors[name].T for name in linear & tensors.keys()}
    tensors |= {name: np.zeros(shape, np.float32) for name, shape in own.items() if name not in tensors and origin.is_zero(name)}
    return Translation(origin.name, origin.normalize or _noted_normalize(note), tensors, renamed, left_out)


def _turned(own: dict, tensors: dict, linear: set, origin: Origin) -> bool:
    """Whether linear weights lie [out, in]: told by those that are not square, since some origins' names serve both layouts."""
    for name in linear - {"head.weight"}:
        expected = own[name]
        if name in tensors and expected != expected[::-1] and tensors[name].shape in (expected, expected[::-1]):
            return tensors[name].shape != expected
    return origin.torch


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a file of weights by name, whatever dictionaries they lie in; raises UserError as the readers do."""
    return _read(path)[0]


def _read(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays of a file of weights, and the note of a .safetensors file of ours."""
    if Path(path).suffix == ".safetensors" or not Path(path).is_file():
        return load_checkpoint(path)
    tree = read_pickled(path)
    for key in _WRAPPERS:
        if isinstance(tree.get(key), dict):
            tree = tree[key]
    return {str(name): value for name, value in tree.items() if isinstance(value, np.ndarray) and value.dtype.kind in "fiub"}, {}


def _noted_normalize(note: dict) -> str | None:
    """MODEL.NORMALIZE of the config in a note; None where there is no such note. It may be that of another version, with other keys."""
    if not isinstance(note.get("config"), str):
        return None
    config = parse_yaml(note["config"], "a checkpoint's config")
    model = config.get("MODEL") if isinstance(config, dict) else None
    normalize = model.get("NORMALIZE") if isinstance(model, dict) else None
    return normalize if normalize in NORMALIZATIONS else None


def _recognise(backbone, tensors: dict, path) -> tuple[Origin, dict, dict]:
    """Whose tensors these are, those of the backbone without a wrapper's prefix, and the rest with the reason to leave it out."""
    own = {name for name in backbone.state_dict() if not name.startswith("head.")}
    for prefix in _PREFIXES:
        inner = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        # The names of ours are told from timm's, where those are the same, by the batch-norm statistics.
        origins = [o for o in backbone.origins if o.matches(inner)] or [_OURS] * bool(own & inner.keys())
        if origins:
            outer = {name: "not a part of the backbone" for name in tensors if not name.startswith(prefix)}
            return origins[0], inner, outer
    known = ", ".join(("ours", *(origin.name for origin in backbone.origins)))
    raise UserError(
        f"{path}: not a checkpoint of {type(backbone).__name__}: expected the tensor names of {known}, "
        f"found {len(tensors)} tensors such as {', '.join(list(tensors)[:5]) or 'none'}: choose another MODEL.NAME"
    )
