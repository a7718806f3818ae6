# SPDX-License-Identifier: Apache-2.0
"""The packages that not everyone needs: which extra of this project brings each, and what is said where one is missing."""

import importlib
import sys
from importlib import metadata
from importlib.util import find_spec
from types import ModuleType

from .errors import UserError

EXTRAS = {
    "paddle": "cpu",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "bokeh": "report",
    "jinja2": "report",
    "matplotlib": "report",
    "scipy": "train",
    "yacs": "train",
    "pandas": "pandas",
    "pyarrow": "parquet",
    "pylsl": "lsl",
    "fastapi": "serve",
    "prometheus_client": "serve",
    "uvicorn": "serve",
    "websockets": "serve",
    "fsspec": "scale",
    "ray": "scale",
}
"""By the name that is imported: the extra that brings it."""


def import_package(name: str, what: str = "this") -> ModuleType:
    """The module `name`, which is one of EXTRAS or inside one. Raises UserError, with what to install for `what`, where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise missing_package(error, what) or error from error


def require_package(name: str, what: str) -> None:
    """Raises UserError, as `import_package`, where the module `name` is not there; does not import it."""
    if sys.modules.get(name, name) is None or find_spec(name) is None:
        raise _not_installed(name, what)


def missing_package(error: ModuleNotFoundError, what: str = "this") -> UserError | None:
    """What to tell a person of an import that failed; None where the module is none of EXTRAS: a fault that is not theirs."""
    name = (error.name or "").partition(".")[0]
    return _not_installed(name, what) if name in EXTRAS else None


def _not_installed(name: str, what: str) -> UserError:
    return UserError(f"{what} needs the package {name}, which is not installed: pip install {install_word(EXTRAS[name])}")


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
