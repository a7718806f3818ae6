"""What the server needs beside what everything needs."""

from importlib.util import find_spec

from ..support.errors import UserError

PACKAGES = {"fastapi": "fastapi", "uvicorn": "uvicorn", "websockets": "websockets", "prometheus_client": "prometheus-client"}
"""Modules, and the packages that bring them: those of the extra `serve`."""


def check_requirements() -> None:
    """Raises UserError where one of PACKAGES is missing."""
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"expected the packages of the extra serve, found no {', '.join(missing)}: pip install 'cfc-sp[serve]'")
