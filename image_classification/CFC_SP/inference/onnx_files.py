"""The ONNX files of a bundle: `<program>.onnx` beside the programs, and onnx.yaml, which ties them to the bundle by sha256.

The bundle's own manifest does not list them: it stays the same bundle with them and without.
"""

from pathlib import Path

from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.yaml_files import YamlError, parse_yaml
from .bundle import Bundle

LISTING = "onnx.yaml"
SCHEMA_VERSION = 1
# ONNX is protobuf, which ends at 2 GiB.
_LISTING_BYTES, _MODEL_BYTES = 1 << 16, 1 << 31


def onnx_path(bundle: Bundle, name: str) -> Path:
    """Where the ONNX form of the program called `name` lies."""
    return bundle.folder / f"{name}.onnx"


def open_onnx(bundle: Bundle, name: str) -> tuple[bytes, str]:
    """(the ONNX model, "float32" or "bfloat16" as it may be computed in) of a program of the bundle.

    Raises UserError, with the file and the reason, where it is missing, damaged, or made from another bundle.
    """
    entry = _listing(bundle).get(name)
    if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
        raise _refusal(bundle, bundle.folder / LISTING, f"it does not list the program {name}")
    path = onnx_path(bundle, name)
    if path.is_symlink() or not path.is_file():
        raise _refusal(bundle, path, f"{LISTING} lists it, and no such file is there")
    if path.stat().st_size > _MODEL_BYTES:
        raise _refusal(bundle, path, f"it has {path.stat().st_size} bytes, no ONNX model is that large")
    if sha256_of(path) != entry["sha256"]:
        raise _refusal(bundle, path, f"its sha256 is not that of {LISTING}: it is damaged or was changed")
    return path.read_bytes(), "bfloat16" if entry.get("precision") == "bfloat16" else "float32"


def _listing(bundle: Bundle) -> dict:
    path = bundle.folder / LISTING
    if not path.is_file():
        raise UserError(f"{bundle.folder} has no ONNX files: make them with cfc-sp onnx -bundle {bundle.folder}")
    if path.stat().st_size > _LISTING_BYTES:
        raise _refusal(bundle, path, f"it has {path.stat().st_size} bytes, such a file has a few hundred")
    try:
        listing = parse_yaml(path.read_bytes())
    except (YamlError, OSError) as error:
        raise _refusal(bundle, path, f"it is not YAML ({error})") from error
    if not isinstance(listing, dict) or listing.get("schema") != SCHEMA_VERSION or not isinstance(listing.get("programs"), dict):
        raise _refusal(bundle, path, f"it is not of schema {SCHEMA_VERSION}")
    if listing.get("bundle") != bundle.sha256:
        raise _refusal(bundle, path, "its files were made from another bundle than the one beside them")
    return listing["programs"]


def _refusal(bundle: Bundle, path: Path, reason: str) -> UserError:
    return UserError(f"ONNX file refused: {path}: {reason}; make it again with cfc-sp onnx -bundle {bundle.folder}")
