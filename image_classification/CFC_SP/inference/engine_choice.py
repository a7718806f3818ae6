# SPDX-License-Identifier: Apache-2.0
"""Which engine and device a person may ask for, and which engine that means here; nothing of them is imported."""

import importlib.util

from ..support.errors import UserError
from ..support.packages import EXTRAS, install_word

DEVICES_OF = {"paddle": ("cpu", "gpu"), "onnxruntime": ("cpu", "gpu", "tensorrt", "coreml", "directml"), "openvino": ("cpu",)}
"""By engine, in the order in which `auto` takes the first that is installed: the devices that it may run on."""
ENGINES = ("auto", *DEVICES_OF)
DEVICES = ("auto", *dict.fromkeys(device for devices in DEVICES_OF.values() for device in devices))
PRECISIONS = ("auto", "float32", "bfloat16")


def check_choice(device: str, engine: str, precision: str) -> str:
    """The engine that these words mean, as `chosen_engine`; raises UserError for one that is not known, too."""
    for option, value, choices in (("engine", engine, ENGINES), ("device", device, DEVICES), ("precision", precision, PRECISIONS)):
        if value not in choices:
            raise UserError(f"-{option}: expected one of {', '.join(choices)}, found {value!r}")
    return chosen_engine(engine, device)


def chosen_engine(engine: str, device: str) -> str:
    """The engine that is asked for, or for "auto" the first of DEVICES_OF that is installed and may run on the device.

    Raises UserError where none is installed, and for an engine that does not know the device.
    """
    if engine != "auto":
        if device not in ("auto", *DEVICES_OF[engine]):
            devices = ", ".join(DEVICES_OF[engine])
            raise UserError(f"-engine {engine} runs on {devices}, and -device asks for {device}: leave one of them out")
        return engine
    installed = installed_engines()
    if not installed:
        words = " or ".join(install_word(EXTRAS[name]) for name in DEVICES_OF)
        raise UserError(f"no engine is installed to run the networks: pip install {words}")
    fitting = [name for name in installed if device in ("auto", *DEVICES_OF[name])]
    if not fitting:
        known = [name for name, devices in DEVICES_OF.items() if device in devices]
        words = " or ".join(install_word(EXTRAS[name]) for name in known)
        raise UserError(f"-device {device} needs {' or '.join(known)}, found {', '.join(installed)}: pip install {words}")
    return fitting[0]


def installed_engines() -> list[str]:
    """The engines whose packages are here, in the order of DEVICES_OF; none of them is imported."""
    return [name for name in DEVICES_OF if importlib.util.find_spec(name) is not None]
