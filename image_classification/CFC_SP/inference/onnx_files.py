# SPDX-License-Identifier: Apache-2.0
"""The ONNX files of a bundle: `<program>.onnx`, which the manifest lists as it lists every file.

They hold no weights: these are the `.safetensors` beside them, of which ONNX knows the places ("external data"). What the manifest's
`onnx` says of each, `precision`, is what export found.
"""

from dataclasses import dataclass
from pathlib import Path

from ..support.errors import UserError
from .bundle import Bundle, refusal
from .onnx_check import check_model

# ONNX is protobuf, which ends at 2 GiB.
_MODEL_BYTES = 1 << 31


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX model that was checked. path: to be opened by its name, since its weights lie beside it. precision: the one it may be
    computed in, "float32" or "bfloat16". size: of its crops in px."""

    name: str
    path: Path
    precision: str
    size: int


def onnx_path(bundle: Bundle, name: str) -> Path:
    """Where the ONNX form of the program called `name` lies."""
    return bundle.folder / f"{name}.onnx"


def has_onnx(bundle: Bundle, name: str) -> bool:
    """Whether the bundle holds the ONNX form of that program."""
    return onnx_path(bundle, name).name in bundle.manifest["files"]


def open_onnx(bundle: Bundle, name: str) -> OnnxFile:
    """The ONNX model of a program of the bundle. `open_bundle` has found the file whole.

    Raises UserError, with the file and the reason, where the bundle has none, and for one that does more than compute.
    """
    path = onnx_path(bundle, name)
    if not has_onnx(bundle, name):
        raise UserError(
            f"{bundle.folder} has no {path.name}: make it with `cfc-sp onnx -bundle {bundle.folder}`, where Paddle is installed, or use "
            "-engine paddle"
        )
    if path.stat().st_size > _MODEL_BYTES:
        raise refusal(path, f"it has {path.stat().st_size} bytes, no ONNX model is that large")
    sizes = {file: (bundle.folder / file).stat().st_size for file in bundle.manifest["files"] if file.endswith(".safetensors")}
    if reason := check_model(path.read_bytes(), sizes):
        raise refusal(path, reason)
    known = bundle.manifest.get("onnx")
    known = known.get(name) if isinstance(known, dict) else None
    bfloat16 = isinstance(known, dict) and known.get("precision") == "bfloat16"
    return OnnxFile(name, path, "bfloat16" if bfloat16 else "float32", bundle.manifest["crop"]["size"])
