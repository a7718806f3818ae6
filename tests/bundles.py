# SPDX-License-Identifier: Apache-2.0
"""What tests read of a bundle's manifest, and change in it."""

from collections.abc import Callable
from pathlib import Path

import yaml

from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.inference.bundle import MANIFEST


def edit_manifest(folder: Path, change: Callable[[dict], object]) -> None:
    """Lets `change` change the manifest's tree of the bundle in a folder."""
    path = folder / MANIFEST
    manifest = yaml.safe_load(path.read_text())
    change(manifest)
    path.write_text(yaml.safe_dump(manifest))


def temperatures_of(manifest: dict) -> tuple[list[Temperature], list[Temperature]]:
    """The temperatures of the coarse networks and of the negative ones."""
    given = {"coarse": [], "negative": []}
    for network in manifest["networks"]:
        given[network["stage"]].append(Temperature(network["temperature"], network["temperature_smoothed"]))
    return given["coarse"], given["negative"]


def settings_of(manifest: dict) -> tuple:
    """The settings of a bundle's cascade, as `core.cascade.Cascade` has them."""
    sp, shares = manifest["sp"], manifest["prior"]["shares"]
    scope = manifest["cascade"]["negative_scope"]
    return *temperatures_of(manifest), sp["normalizer"], scope, [shares[name] for name in EXPR] if shares else None, sp["calibration"]


def defaults_of(manifest: dict) -> dict:
    """What a bundle smooths and weighs by unless it is told, as `core.reference.cascade_reference` takes it."""
    return {"kind": manifest["sp"]["kind"], "tau": manifest["prior"]["tau"]}
