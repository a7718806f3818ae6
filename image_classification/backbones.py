# SPDX-License-Identifier: Apache-2.0
"""The one registry of backbones: a plain dictionary of families and of the functions, with typed keywords, that build them."""

from collections.abc import Callable
from typing import NamedTuple

from .HRNet.hrnet import HRNet, hrnet_lite, hrnet_w18, hrnet_w18_face, hrnet_w32, hrnet_w48
from .InceptionResNet.inception_resnet import InceptionResNet, inception_resnet_face
from .IResNet.iresnet import IResNet, iresnet18, iresnet34, iresnet50, iresnet100, iresnet152, iresnet_lite
from .layers import Backbone
from .MobileNet.mobilenet import MobileNet, mobilenet, mobilenet_face
from .RepVGG.repvgg import (
    RepVGG,
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
from .SwinTransformer.swin import SwinTransformer, swin_lite, swin_s, swin_s_abaw, swin_s_face, swin_s_paddleclas, swin_t

_FAMILIES: dict[type[Backbone], dict[str, Callable[..., Backbone]]] = {
    SwinTransformer: {
        "swin_t": swin_t,
        "swin_s": swin_s,
        "swin_s_abaw": swin_s_abaw,
        "swin_s_face": swin_s_face,
        "swin_s_paddleclas": swin_s_paddleclas,
        "swin_lite": swin_lite,
    },
    IResNet: {
        "iresnet18": iresnet18,
        "iresnet34": iresnet34,
        "iresnet50": iresnet50,
        "iresnet100": iresnet100,
        "iresnet152": iresnet152,
        "iresnet_lite": iresnet_lite,
    },
    HRNet: {
        "hrnet_w18": hrnet_w18,
        "hrnet_w32": hrnet_w32,
        "hrnet_w48": hrnet_w48,
        "hrnet_w18_face": hrnet_w18_face,
        "hrnet_lite": hrnet_lite,
    },
    InceptionResNet: {"inception_resnet_face": inception_resnet_face},
    MobileNet: {"mobilenet": mobilenet, "mobilenet_face": mobilenet_face},
    RepVGG: {
        "repvgg_a0": repvgg_a0,
        "repvgg_a1": repvgg_a1,
        "repvgg_a2": repvgg_a2,
        "repvgg_b0": repvgg_b0,
        "repvgg_b1": repvgg_b1,
        "repvgg_a0_face": repvgg_a0_face,
        "repvgg_b0_face": repvgg_b0_face,
        "repvgg_b1_face": repvgg_b1_face,
        "repvgg_lite": repvgg_lite,
    },
}


class Registered(NamedTuple):
    """A backbone of the registry: the class that it is one of, and the function that builds it."""

    family: type[Backbone]
    build: Callable[..., Backbone]


BACKBONES = {name: Registered(family, build) for family, builders in _FAMILIES.items() for name, build in builders.items()}


def family_of(name: str) -> type[Backbone]:
    """The class that the backbone called `name` is one of."""
    return BACKBONES[name].family


def build_backbone(name: str, num_classes: int, **keywords) -> Backbone:
    """The backbone `name` with a new classifier for `num_classes` classes. keywords: those of the backbone's class, such as in_channels,
    input_size and dropout. Raises ValueError for a name that is not in BACKBONES."""
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}: expected one of {', '.join(BACKBONES)}")
    return BACKBONES[name].build(num_classes=num_classes, **keywords)
