# SPDX-License-Identifier: Apache-2.0
"""The project's own version."""

import tomllib
from importlib import metadata
from pathlib import Path


def own_version() -> str:
    """The version of the checkout that runs, or of the installed package."""
    project = Path(__file__).parents[3] / "pyproject.toml"
    # A checkout is what runs, whatever was installed beside it.
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] if project.is_file() else metadata.version("cfc-sp")
