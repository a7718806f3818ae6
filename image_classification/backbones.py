"""The one registry of backbones: a plain dictionary of functions that take typed keywords."""

from .layers import Backbone
from .RepVGG.repvgg import (
    repvgg_a0,
    repvgg_a0_face,
    repvgg_a1,
    repvgg_a2,
    repvgg_b0,
    repvgg_b0_face,
    repvgg_b1,
    repvgg_b1_face,
    repvgg_lite,
)

BACKBONES = {
    "repvgg_a0": repvgg_a0,
    "repvgg_a1": repvgg_a1,
    "repvgg_a2": repvgg_a2,
    "repvgg_b0": repvgg_b0,
    "repvgg_b1": repvgg_b1,
    "repvgg_a0_face": repvgg_a0_face,
    "repvgg_b0_face": repvgg_b0_face,
    "repvgg_b1_face": repvgg_b1_face,
    "repvgg_lite": repvgg_lite,
}


def family_of(name: str) -> type[Backbone]:
    """The class that the backbone called `name` is one of."""
    return BACKBONES[name].__annotations__["return"]


def build_backbone(name: str, num_classes: int, **keywords) -> Backbone:
    """The backbone called `name` with a fresh classifier for `num_classes`; raises ValueError for a name not in BACKBONES."""
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}: expected one of {', '.join(BACKBONES)}")
    return BACKBONES[name](num_classes=num_classes, **keywords)
