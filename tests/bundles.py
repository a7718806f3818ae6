"""What tests read of a bundle's manifest."""

from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.labels import EXPR


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
