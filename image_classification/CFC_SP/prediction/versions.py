# SPDX-License-Identifier: Apache-2.0
"""What runs here: the versions of the project and of the engines that are installed, the device and the shipped bundle."""

from ..inference.bundle import open_bundle
from ..support.device import select_device
from ..support.own_version import own_version
from ..support.packages import installed_version
from .recognizer import DEFAULT_BUNDLE

# By what a person calls an engine: the distributions that hold it.
_ENGINES = {
    "paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"),
    "openvino": ("openvino",),
}


def describe_versions() -> str:
    """A line each: a name and what it stands for here."""
    bundle = open_bundle(DEFAULT_BUNDLE)
    engines = {name: installed_version(*distributions) or "not installed" for name, distributions in _ENGINES.items()}
    has_paddle = engines["paddle"] != "not installed"
    found = {
        "cfc-sp": own_version(),
        **engines,
        "device": select_device("auto") if has_paddle else "cpu",
        "bundle": f"{bundle.manifest['name']} {bundle.sha256[:12]}",
    }
    return "\n".join(f"{name} {value}" for name, value in found.items())
