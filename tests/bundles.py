"""What tests read of a bundle's manifest."""


def temperatures_of(manifest: dict) -> tuple[list[float], list[float]]:
    """The temperatures of the coarse networks and of the negative ones."""
    stages = ("coarse", "negative")
    return tuple([network["temperature"] for network in manifest["networks"] if network["stage"] == stage] for stage in stages)
