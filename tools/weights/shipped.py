# SPDX-License-Identifier: Apache-2.0
"""The bundles that ship, as their manifests describe them."""

import functools

from image_classification.CFC_SP.inference.bundle import MANIFEST, SHIPPED
from image_classification.CFC_SP.support.files import sha256_of
from image_classification.CFC_SP.support.yaml_files import parse_yaml


@functools.cache
def shipped() -> dict[str, dict]:
    """The manifest of every shipped bundle, by the name of its folder."""
    return {path.parent.name: parse_yaml(path.read_bytes()) for path in sorted(SHIPPED.glob(f"*/{MANIFEST}"))}


def ships(bundle: str, sha256: str) -> bool:
    """Whether the shipped bundle of that name is the one whose manifest has this checksum."""
    manifest = SHIPPED / bundle / MANIFEST
    return manifest.is_file() and sha256_of(manifest) == sha256


def size_mb(bundle: str, file: str) -> float:
    """A file's size in MB."""
    return (SHIPPED / bundle / file).stat().st_size / 1e6
