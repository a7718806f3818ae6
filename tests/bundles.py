"""What tests read of a bundle's manifest."""

from image_classification.CFC_SP.core.cascade import Temperature


def temperatures_of(manifest: dict) -> tuple[list[Temperature], list[Temperature]]:
    """The temperatures of the coarse networks and of the negative ones."""
    given = {"coarse": [], "negative": []}
    for network in manifest["networks"]:
        given[network["stage"]].append(Temperature(network["temperature"], network["temperature_smoothed"]))
    return given["coarse"], given["negative"]
