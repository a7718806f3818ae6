"""The packages that not everyone needs: which extra of this project brings each, and what is said where one is missing."""

import importlib
from importlib import metadata
from types import ModuleType

from .errors import UserError

EXTRAS = {
    "paddle": "cpu",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "paddle2onnx": "train",
    "matplotlib": "report",
    "bokeh": "report",
    "jinja2": "report",
    "sklearn": "train",
    "yacs": "train",
}
"""By the name that is imported: the extra that brings it."""


def import_package(name: str) -> ModuleType:
    """The module `name`, one of EXTRAS. Raises UserError, with what to install, where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise missing_package(error) or error from error


def missing_package(error: ModuleNotFoundError) -> UserError | None:
    """What to tell a person of an import that failed; None where the module is none of EXTRAS: a fault that is not theirs."""
    name = (error.name or "").partition(".")[0]
    if name not in EXTRAS:
        return None
    return UserError(f"this needs the package {name}, which is not installed: pip install {install_word(EXTRAS[name])}")


def install_word(*extras: str) -> str:
    """What to give to pip for this project with those extras."""
    return f"'cfc-sp[{','.join(extras)}]'"


def installed_version(*distributions: str) -> str | None:
    """The version of the first of these distributions that is installed; None where none is."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None
