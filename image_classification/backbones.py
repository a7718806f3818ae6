"""The one registry of backbones: a plain dictionary of functions that take typed keywords."""

from .RepVGG.repvgg import repvgg_a0, repvgg_b0, repvgg_b1, repvgg_lite

BACKBONES = {
    "repvgg_a0": repvgg_a0,
    "repvgg_b0": repvgg_b0,
    "repvgg_b1": repvgg_b1,
    "repvgg_lite": repvgg_lite,
}


def build_backbone(name: str, num_classes: int, **keywords):
    """The backbone called `name` with a fresh classifier for `num_classes`; raises ValueError for a name not in BACKBONES."""
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}: expected one of {', '.join(BACKBONES)}")
    return BACKBONES[name](num_classes=num_classes, **keywords)
