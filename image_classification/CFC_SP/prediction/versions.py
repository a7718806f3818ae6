"""What runs here: the project's version, Paddle's, the device and the shipped bundle."""

import tomllib
from importlib import metadata
from pathlib import Path

import paddle

from ..inference.bundle import open_bundle
from ..support.device import select_device
from .recognizer import DEFAULT_BUNDLE


def describe_versions() -> str:
    """Four lines, a name and what it stands for here."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    found = {
        "cfc-sp": _own_version(),
        "paddle": paddle.__version__,
        "device": select_device("auto"),
        "bundle": f"{bundle.manifest['name']} {bundle.sha256[:12]}",
    }
    return "\n".join(f"{name} {value}" for name, value in found.items())


def _own_version() -> str:
    project = Path(__file__).parents[3] / "pyproject.toml"
    # A checkout is what runs, whatever was installed beside it.
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] if project.is_file() else metadata.version("cfc-sp")
