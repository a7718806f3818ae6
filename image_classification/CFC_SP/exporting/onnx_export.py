"""Network programs as ONNX files, written only when ONNX Runtime and OpenVINO compute from them what Paddle computes."""

import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
import yaml

from ..inference.agreement import TOLERANCE, example_crops, relative_difference
from ..inference.bundle import Bundle, open_bundle
from ..inference.engines import NETWORK_PROGRAMS
from ..inference.onnx_files import LISTING, SCHEMA_VERSION, onnx_path
from ..inference.openvino_program import OpenVinoProgram
from ..inference.paddle_program import PaddleProgram, program_files
from ..inference.precision import checked_precision
from ..support.errors import UserError
from ..support.files import git_sha, part_name, remove_dead_parts, sha256_of

OPSET = 17
BATCHES = (1, 3, 8)
PACKAGES = ("paddle2onnx", "onnxruntime", "openvino")
# Without what they ask for: an optimiser of paddle2onnx installs packages while it runs.
INSTALL = "pip install --no-deps paddle2onnx onnxruntime openvino flatbuffers packaging"


def write_onnx(location: str | Path) -> list[Path]:
    """Writes the ONNX files of a bundle's network programs into its folder and returns them, the listing last.

    Each is loaded again by ONNX Runtime and by OpenVINO and must give Paddle's outputs within TOLERANCE of the largest value for
    batches of 1, 3 and 8. Raises UserError where one does not, a program cannot be converted, a package is missing or the folder
    cannot be written; nothing is then written.
    """
    versions = _versions()
    bundle = open_bundle(location)
    size = bundle.manifest["crop"]["size"]
    programs, paths = {}, []
    try:
        remove_dead_parts(bundle.folder, "onnx")
        with tempfile.TemporaryDirectory(prefix=f"{part_name('onnx')}-", dir=bundle.folder) as work:
            for name in NETWORK_PROGRAMS:
                model = convert(bundle, name)
                differences = check_model(bundle, name, model)
                part = Path(work, f"{name}.onnx")
                part.write_bytes(model)
                programs[name] = {
                    "sha256": sha256_of(part),
                    "precision": checked_precision(lambda bfloat16, model=model, name=name: OpenVinoProgram(model, name, bfloat16), size),
                    "difference": differences,
                }
            listing = {"schema": SCHEMA_VERSION, "bundle": bundle.sha256, "opset": OPSET, "git_sha": git_sha(), **versions}
            listing = yaml.safe_dump(listing | {"programs": programs}, sort_keys=False)
            Path(work, LISTING).write_text(listing, encoding="utf-8")
            for path in (*(onnx_path(bundle, name) for name in NETWORK_PROGRAMS), bundle.folder / LISTING):
                Path(work, path.name).chmod(0o644)
                paths.append(Path(work, path.name).replace(path))
    except OSError as error:
        raise UserError(f"cannot write ONNX files into {bundle.folder} ({error.strerror}): use a copy of the bundle") from error
    return paths


def convert(bundle: Bundle, name: str) -> bytes:
    """The ONNX model of a program, its batch free; raises UserError where paddle2onnx cannot convert it."""
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


def check_model(bundle: Bundle, name: str, model: bytes) -> dict[str, float]:
    """The largest difference to Paddle's outputs, by engine, as a share of the largest value; UserError above TOLERANCE."""
    engines = {"onnxruntime": _on_onnxruntime(model), "openvino": OpenVinoProgram(model, name)}
    crops = example_crops(bundle.manifest["crop"]["size"], sum(BATCHES))
    paddle = PaddleProgram(bundle, name, onednn=False)
    differences = dict.fromkeys(engines, 0.0)
    for batch in np.split(crops, np.cumsum(BATCHES)[:-1]):
        expected = paddle(batch)
        for engine, run in engines.items():
            difference = relative_difference(run(batch), expected)
            if difference > TOLERANCE:
                raise UserError(
                    f"no ONNX file written: {name} on {engine} differs by {difference:.1e} of its largest value for a batch of "
                    f"{len(batch)}, expected {TOLERANCE:.0e} at most: take other versions of them"
                )
            differences[engine] = max(differences[engine], difference)
    return differences


def _on_onnxruntime(model: bytes):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Errors alone: every constant that the optimiser folds away is a warning.
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda crops: tuple(session.run(None, {name: crops}))


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError as error:
            raise UserError(f"ONNX export needs the package {package}: {INSTALL}") from error
    return found
