# SPDX-License-Identifier: Apache-2.0
"""Refuses another Python than those of pyproject.toml, in words: older versions of pip first look for packages that have none for it."""

import sys

from setuptools import setup

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"expected Python 3.11, 3.12 or 3.13 for cfc-sp, found {sys.version.split()[0]}: make an environment with one of them")
setup()
