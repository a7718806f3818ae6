# SPDX-License-Identifier: Apache-2.0
"""Network programs as ONNX files, written only when ONNX Runtime and OpenVINO compute from them what Paddle computes."""

from importlib import metadata
from pathlib import Path

import numpy as np
import yaml

from ..inference.agreement import TOLERANCE, example_crops, relative_difference
from ..inference.bundle import MANIFEST, Bundle, open_bundle
from ..inference.engines import NETWORK_PROGRAMS
from ..inference.onnx_files import OnnxFile, onnx_path
from ..inference.onnxruntime_program import OnnxRuntimeProgram
from ..inference.openvino_program import OpenVinoProgram, openvino_has_bfloat16
from ..inference.paddle_program import PaddleProgram, program_files
from ..inference.precision import checked_precision
from ..support.errors import UserError
from ..support.files import atomic_path, git_sha, part_name, remove_dead_parts, sha256_of

OPSET = 17
BATCHES = (1, 3, 8)
PACKAGES = ("onnx", "paddle2onnx", "onnxruntime", "openvino")
# Without what they ask for: an optimiser of paddle2onnx installs packages while it runs.
INSTALL = "pip install onnx onnxruntime openvino, then pip install --no-deps paddle2onnx"


def write_onnx(location: str | Path) -> list[Path]:
    """Writes the ONNX files of a bundle's network programs into its folder, seals it with them, and returns what was written, the
    manifest last.

    Each is loaded again by ONNX Runtime and by OpenVINO and must give Paddle's outputs within TOLERANCE of the largest value for
    batches of 1, 3 and 8. Nothing else of the bundle changes; its manifest lists the files, so that its checksum is another one. Raises
    UserError where a file does not compute the same, a program cannot be converted, a package is missing or the folder cannot be
    written; nothing is then written.
    """
    versions = _versions()
    bundle = open_bundle(location)
    known, made = {}, []
    try:
        remove_dead_parts(bundle.folder, "onnx")
        for name in NETWORK_PROGRAMS:
            part = bundle.folder / f"{part_name('onnx')}-{name}.onnx"
            made.append((part, onnx_path(bundle, name)))
            part.write_bytes(shared_model(bundle, name))
            model = OnnxFile(name, part, "float32", bundle.manifest["crop"]["size"])
            differences = check_model(bundle, model)
            precision = checked_precision(lambda bfloat16, model=model: OpenVinoProgram(model, bfloat16), model.size, openvino_has_bfloat16)
            known[name] = {"precision": precision, "difference": {engine: float(f"{value:.1e}") for engine, value in differences.items()}}
        _seal(bundle, made, {"opset": OPSET, "git_sha": git_sha(), **versions, **known})
    except OSError as error:
        raise UserError(f"cannot write ONNX files into {bundle.folder} ({error.strerror}): use a copy of the bundle") from error
    finally:
        for part, _ in made:
            part.unlink(missing_ok=True)
    return [*(path for _, path in made), bundle.folder / MANIFEST]


def _seal(bundle: Bundle, made: list[tuple[Path, Path]], known: dict) -> None:
    """Puts the files in their places and their checksums into the manifest; at no time does it list a file that is not there."""
    others = {name: digest for name, digest in bundle.manifest["files"].items() if name not in {path.name for _, path in made}}
    manifest = {key: value for key, value in bundle.manifest.items() if key != "onnx"}
    if len(others) < len(manifest["files"]):
        _write_manifest(bundle, manifest | {"files": others})
    digests = {path.name: sha256_of(part) for part, path in made}
    for part, path in made:
        part.chmod(0o644)
        part.replace(path)
    _write_manifest(bundle, manifest | {"files": dict(sorted((others | digests).items())), "onnx": known})


def _write_manifest(bundle: Bundle, manifest: dict) -> None:
    with atomic_path(bundle.folder / MANIFEST) as part:
        part.write_text(yaml.safe_dump(manifest, sort_keys=False, width=120), encoding="utf-8")


def shared_model(bundle: Bundle, name: str) -> bytes:
    """The ONNX model of a program, which takes its weights from the bundle's files."""
    from .onnx_weights import with_bundles_weights

    return with_bundles_weights(convert(bundle, name), bundle)


def convert(bundle: Bundle, name: str) -> bytes:
    """The ONNX model of a program with its weights, its batch free; raises UserError where paddle2onnx cannot convert it."""
    import paddle2onnx

    with program_files(bundle, name) as (structure, parameters):
        try:
            # Into memory: on its way to a file paddle2onnx calls an optimiser that installs packages when it misses them.
            model = paddle2onnx.export(str(structure), str(parameters), opset_version=OPSET)
        except UnboundLocalError:
            # How paddle2onnx 2.1 ends after it has written its own error to the log.
            model = b""
    if not model:
        raise UserError(f"no ONNX file written: paddle2onnx cannot convert the program {name}: its log above says which operation")
    return model


def check_model(bundle: Bundle, model: OnnxFile) -> dict[str, float]:
    """The largest difference to Paddle's outputs, by engine, as a share of the largest value; UserError above TOLERANCE."""
    engines = {"onnxruntime": OnnxRuntimeProgram(model, "cpu"), "openvino": OpenVinoProgram(model)}
    crops = example_crops(model.size, sum(BATCHES))
    paddle = PaddleProgram(bundle, model.name, onednn=False)
    differences = dict.fromkeys(engines, 0.0)
    for batch in np.split(crops, np.cumsum(BATCHES)[:-1]):
        expected = paddle(batch)
        for engine, run in engines.items():
            difference = relative_difference(run(batch), expected)
            if difference > TOLERANCE:
                raise UserError(
                    f"no ONNX file written: {model.name} on {engine} differs by {difference:.1e} of its largest value for a batch of "
                    f"{len(batch)}, expected {TOLERANCE:.0e} at most: use other versions of these packages"
                )
            differences[engine] = max(differences[engine], difference)
    return differences


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError as error:
            raise UserError(f"ONNX export needs the package {package}: {INSTALL}") from error
    return found
