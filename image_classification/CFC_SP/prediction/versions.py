"""What runs here: the project's version, Paddle's, the device and the shipped bundle."""

import paddle

from ..inference.bundle import open_bundle
from ..support.device import select_device
from ..support.own_version import own_version
from .recognizer import DEFAULT_BUNDLE


def describe_versions() -> str:
    """Four lines, a name and what it stands for here."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    found = {
        "cfc-sp": own_version(),
        "paddle": paddle.__version__,
        "device": select_device("auto"),
        "bundle": f"{bundle.manifest['name']} {bundle.sha256[:12]}",
    }
    return "\n".join(f"{name} {value}" for name, value in found.items())
