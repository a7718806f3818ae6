# SPDX-License-Identifier: Apache-2.0
"""The bundle: a folder with a manifest, weights and static programs, the only thing that prediction loads.

manifest.yaml names every other file with its sha256. Weights are stored once, as `.safetensors`; the programs (`.json`) hold
structure alone and name their parameters `<weights file's stem>/<tensor>`, so that several programs share them.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.alignment import ALIGNMENTS
from ..core.kinds import KINDS, MOST_TAU
from ..core.labels import COARSE, EXPR, NEGATIVE
from ..support.errors import UserError
from ..support.files import read_bounded, sha256_of
from ..support.tensor_files import TensorFileError, read_tensors_and_texts
from ..support.yaml_files import MAX_BYTES, YamlError, parse_yaml
from .program_check import MAX_BYTES as MAX_PROGRAM_BYTES
from .program_check import ProgramError, check_program

MANIFEST = "manifest.yaml"
# Of schema 2 are bundles whose sequence knows one kind of smoothing, the paper's, and no prior; those up to 3 do not turn faces upright.
SCHEMA_VERSION, FORMER_SCHEMAS = 4, (2, 3)
PROGRAMS = ("coarse", "negative", "frame", "sequence", "clip")
SHIPPED = Path(__file__).parents[1] / "bundles"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FILE_BYTES = 4 << 30
# What prediction reads of the manifest, by dotted name, and of which type; the rest of it is for people.
_REQUIRED = {
    "name": str,
    "paddle": str,
    "labels": dict,
    "crop.size": int,
    "crop.margin": (int, float),
    "batch": int,
    "sp.window": int,
    "sp.normalizer": str,
    "cascade.negative_scope": str,
    "detector.min_face": (int, float),
    "detector.thresholds": list,
    "networks": list,
    "files": dict,
}
_REQUIRED_OF_KINDS = {"sp.kind": str, "prior.tau": (int, float), "prior.shares": (dict, type(None))}


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every file was found whole: the manifest's tree, its own sha256, the files' bytes."""

    folder: Path
    manifest: dict
    sha256: str

    @property
    def is_random(self) -> bool:
        """Whether a network's weights were never trained, so that what the bundle says of a face means nothing."""
        return any(network["origin"] == "random" for network in self.manifest["networks"])

    @property
    def has_kinds(self) -> bool:
        """Whether the sequence and clip programs take a kind of smoothing and a prior."""
        return self.manifest["schema"] > 2

    @property
    def identity(self) -> dict:
        """What a result says of the bundle it was made with: name, sha256 of the manifest, sha256 of every file."""
        return {"name": self.manifest["name"], "sha256": self.sha256, "files": self.manifest["files"]}

    def program(self, name: str) -> bytes:
        """The static program called `name`, one of PROGRAMS; it computes and does nothing else. Raises UserError for any other."""
        path = self.folder / f"{name}.json"
        try:
            program = read_bounded(path, MAX_PROGRAM_BYTES)
            check_program(program, name)
        except ProgramError as error:
            raise refusal(path, str(error)) from error
        return program

    def parameters(self, names: list[str]) -> dict[str, np.ndarray]:
        """The float32 arrays of a program's parameters, in the order of `names` as `parameter_names` gives them."""
        found = {}
        for stem in sorted({name.partition("/")[0] for name in names}):
            found |= {f"{stem}/{key}": value for key, value in self.tensors(stem).items()}
        missing = [name for name in names if name not in found]
        if missing:
            raise refusal(self.folder, f"its weights lack {missing[0]}")
        return {name: np.ascontiguousarray(found[name], np.float32) for name in names}

    def tensors(self, stem: str) -> dict[str, np.ndarray]:
        """The arrays of the weights file of that stem."""
        path = self.folder / f"{stem}.safetensors"
        if path.name not in self.manifest["files"]:
            raise refusal(path, "it is needed, but the manifest does not list it")
        try:
            return read_tensors_and_texts(path)[0]
        except TensorFileError as error:
            raise refusal(path, f"its weights cannot be read ({error})") from error


def open_bundle(location: str | Path) -> Bundle:
    """The bundle in the folder `location`, or the shipped one of that name, after every file was checked against the manifest.

    Raises UserError, with the file and the reason, for a folder that is missing, incomplete, damaged, of another schema, or whose
    manifest names something outside it.
    """
    folder = Path(location)
    if not folder.is_dir() and _NAME.fullmatch(str(location)):
        folder = SHIPPED / str(location)
    if not (folder / MANIFEST).is_file():
        shipped = ", ".join(sorted(path.parent.name for path in SHIPPED.glob(f"*/{MANIFEST}")))
        raise UserError(f"no bundle at {location}: expected a folder with a {MANIFEST}, or one of the shipped bundles ({shipped})")
    path = folder / MANIFEST
    if path.stat().st_size > MAX_BYTES:
        raise refusal(path, f"it has {path.stat().st_size} bytes; a manifest has a few thousand")
    try:
        manifest = parse_yaml(path.read_bytes())
    except (YamlError, OSError) as error:
        raise refusal(path, f"it is not YAML ({error})") from error
    _check_manifest(path, manifest)
    for name, expected in manifest["files"].items():
        _check_file(folder, name, expected)
    return Bundle(folder, manifest, sha256_of(path))


def parameter_names(program: bytes) -> list[str]:
    """The names of a program's parameters, sorted: the order in which Paddle stores them in one file."""
    return sorted(step["A"][3] for step in operations(program) if step["#"] == "p")


def operations(program: bytes) -> list[dict]:
    """The operations of a program, in order, as its JSON describes them; parameters count as some."""
    blocks = [block for region in json.loads(program)["program"]["regions"] for block in region["blocks"]]
    return [step for block in blocks for step in block["ops"]]


def _check_manifest(path: Path, manifest) -> None:
    if not isinstance(manifest, dict) or manifest.get("schema") not in (*FORMER_SCHEMAS, SCHEMA_VERSION):
        found = manifest.get("schema") if isinstance(manifest, dict) else type(manifest).__name__
        raise refusal(path, f"its schema is {found!r}; this program reads {FORMER_SCHEMAS[0]} to {SCHEMA_VERSION}")
    has_kinds, has_align = manifest["schema"] > 2, manifest["schema"] > 3
    for name, kind in (_REQUIRED | (_REQUIRED_OF_KINDS if has_kinds else {}) | ({"crop.align": str} if has_align else {})).items():
        node = manifest
        for part in name.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if not isinstance(node, kind) or isinstance(node, bool):
            raise refusal(path, f"{name} is missing or malformed")
    if not all(isinstance(network, dict) and isinstance(network.get("origin"), str) for network in manifest["networks"]):
        raise refusal(path, "networks is missing or malformed")
    if manifest["labels"] != {"expr": list(EXPR), "coarse": list(COARSE), "negative": list(NEGATIVE)}:
        raise refusal(path, "its labels are not those of this program")
    detector = manifest["detector"]
    sound = {
        "crop.size": 8 <= manifest["crop"]["size"] <= 1024,
        "crop.margin": 0 <= manifest["crop"]["margin"] <= 4,
        "batch": 1 <= manifest["batch"] <= 1024,
        "sp.window": 0 <= manifest["sp"]["window"] <= 1_000_000,
        "detector.min_face": 12 <= detector["min_face"] <= 4096,
        "detector.thresholds": len(detector["thresholds"]) == 3
        and all(isinstance(value, float) and 0 < value < 1 for value in detector["thresholds"]),
    }
    if has_align:
        sound["crop.align"] = manifest["crop"]["align"] in ALIGNMENTS
    if has_kinds:
        prior = manifest["prior"]
        sound["sp.kind"] = manifest["sp"]["kind"] in KINDS
        sound["prior.tau"] = 0 <= prior["tau"] <= MOST_TAU
        sound["prior.shares"] = prior["shares"] is None or (
            set(prior["shares"]) == set(EXPR) and all(isinstance(share, float) and 0 < share <= 1 for share in prior["shares"].values())
        )
    for name, fine in sound.items():
        if not fine:
            raise refusal(path, f"{name} is out of its range")
    wanted = {f"{name}.json" for name in PROGRAMS}
    if not wanted <= set(manifest["files"]):
        raise refusal(path, f"it does not list {sorted(wanted - set(manifest['files']))[0]}")


def _check_file(folder: Path, name, expected) -> None:
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise refusal(folder / MANIFEST, f"it names {name!r}, which is no file of the bundle's own folder")
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise refusal(path, "the manifest lists it, but the file is missing")
    if path.stat().st_size > _FILE_BYTES:
        raise refusal(path, f"it has {path.stat().st_size} bytes; no file of a bundle is that large")
    if sha256_of(path) != expected:
        raise refusal(path, "its sha256 is not the manifest's: it is damaged or was changed")


def refusal(path: Path, reason: str) -> UserError:
    """What to raise for a bundle whose file at `path` cannot be used."""
    return UserError(f"bundle refused: {path}: {reason}; restore the bundle or export it again with `cfc-sp export`")
