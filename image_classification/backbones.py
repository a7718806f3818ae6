"""The one registry of backbones: a plain dictionary of functions that take typed keywords."""

from .HRNet.hrnet import hrnet_lite, hrnet_w18, hrnet_w18_face, hrnet_w32, hrnet_w48
from .InceptionResNet.inception_resnet import inception_resnet_face
from .IResNet.iresnet import iresnet18, iresnet34, iresnet50, iresnet100, iresnet152, iresnet_lite
from .layers import Backbone
from .MobileNet.mobilenet import mobilenet, mobilenet_face
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
from .SwinTransformer.swin import swin_lite, swin_s, swin_s_abaw, swin_s_face, swin_s_paddleclas, swin_t

BACKBONES = {
    "swin_t": swin_t,
    "swin_s": swin_s,
    "swin_s_abaw": swin_s_abaw,
    "swin_s_face": swin_s_face,
    "swin_s_paddleclas": swin_s_paddleclas,
    "swin_lite": swin_lite,
    "iresnet18": iresnet18,
    "iresnet34": iresnet34,
    "iresnet50": iresnet50,
    "iresnet100": iresnet100,
    "iresnet152": iresnet152,
    "iresnet_lite": iresnet_lite,
    "hrnet_w18": hrnet_w18,
    "hrnet_w32": hrnet_w32,
    "hrnet_w48": hrnet_w48,
    "hrnet_w18_face": hrnet_w18_face,
    "hrnet_lite": hrnet_lite,
    "inception_resnet_face": inception_resnet_face,
    "mobilenet": mobilenet,
    "mobilenet_face": mobilenet_face,
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
