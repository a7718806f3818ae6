# SPDX-License-Identifier: Apache-2.0
"""What the tools that make weights to start from share: reading a known file, and writing the checkpoint."""

import hashlib
from pathlib import Path

from image_classification.CFC_SP.support.errors import UserError


def check_name(out: Path) -> None:
    """Raises UserError for the name of a file to write that is not one of weights."""
    if out.suffix != ".safetensors":
        raise UserError(f"-out: expected a name that ends in .safetensors, found {str(out)!r}")


def read_known(path: Path, name: str, sha256: str, most_bytes: int) -> bytes:
    """The bytes of the file at `path`, a copy of the one called `name`; nothing larger than `most_bytes` is read.

    Raises UserError for another file than the one with that SHA-256.
    """
    try:
        if (size := path.stat().st_size) > most_bytes:
            raise UserError(
                f"{path}: expected {name}, of {most_bytes} bytes at most, found {size}: take the one that this tool's head names"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: expected {name} ({error.strerror})") from error
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise UserError(f"{path}: expected {name} with SHA-256 {sha256}, found {found}: take the one that this tool's head names")
    return data


def write_start(out: Path, config, model, origin: str, sha256: str) -> int:
    """Writes the backbone of `model` without its classifier to `out`; returns how many tensors. origin, sha256: of what was read."""
    from image_classification.CFC_SP.support.files import git_sha
    from image_classification.CFC_SP.weights.checkpoint import save_checkpoint

    weights = {f"backbone.{name}": value.numpy() for name, value in model.backbone.state_dict().items() if not name.startswith("head.")}
    save_checkpoint(out, weights, {"config": config.dump(), "git_sha": git_sha(), "origin": origin, "source_sha256": sha256})
    return len(weights)
