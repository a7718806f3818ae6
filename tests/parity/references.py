# SPDX-License-Identifier: Apache-2.0
"""The reference networks: timm's and PaddleClas's own code, with seeded weights. Runs only where those are installed."""

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np

from image_classification.CFC_SP.weights.random_weights import seeded
from tests.parity.pictures import pictures

STORED = Path(__file__).parent / "stored"
CLASSES = 8


@dataclass(frozen=True)
class Reference:
    """One network: whose, how it is built there, what it is called here, and the side of its input in px."""

    library: str
    build: Callable
    backbone: str
    size: int


def _timm(name: str) -> Callable:
    def build():
        _pretend_torchvision()
        import timm

        return timm.create_model(name, pretrained=False, num_classes=CLASSES).eval()

    return build


def _paddleclas(module: str, name: str) -> Callable:
    def build():
        import importlib

        import paddleclas.ppcls  # noqa: F401, under whose name its own modules are found

        network = getattr(importlib.import_module(f"paddleclas.ppcls.arch.backbone.{module}"), name)(class_num=CLASSES)
        network.eval()
        return network

    return build


REFERENCES = {
    "timm_repvgg_a0": Reference("timm", _timm("repvgg_a0"), "repvgg_a0", 224),
    "timm_swin_s": Reference("timm", _timm("swin_small_patch4_window7_224"), "swin_s", 224),
    "timm_hrnet_w18": Reference("timm", _timm("hrnet_w18"), "hrnet_w18", 224),
    "paddleclas_repvgg_a0": Reference("PaddleClas", _paddleclas("model_zoo.repvgg", "RepVGG_A0"), "repvgg_a0", 224),
    "paddleclas_swin_s": Reference(
        "PaddleClas",
        _paddleclas("legendary_models.swin_transformer", "SwinTransformer_small_patch4_window7_224"),
        "swin_s_paddleclas",
        224,
    ),
    "paddleclas_hrnet_w18": Reference("PaddleClas", _paddleclas("legendary_models.hrnet", "HRNet_W18_C"), "hrnet_w18", 224),
}


def run_reference(reference: Reference) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The seeded tensors under the reference's names, and its logits for `pictures`."""
    network = reference.build()
    state = {name: seeded(name, tuple(value.shape)) for name, value in network.state_dict().items() if _is_weight(name)}
    images = pictures(reference.size)
    if reference.library == "timm":
        import torch

        network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
        with torch.no_grad():
            return state, network(torch.from_numpy(images)).numpy()
    import paddle

    network.set_state_dict(network.state_dict() | state)
    with paddle.no_grad():
        return state, network(paddle.to_tensor(images)).numpy()


def _is_weight(name: str) -> bool:
    return not name.endswith(("num_batches_tracked", "relative_position_index", "attn_mask"))


def _pretend_torchvision() -> None:
    """timm imports names of torchvision, which has no CPU build that fits this PyTorch; its networks use none of them."""

    class Absent(types.ModuleType):
        __path__ = ()

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            known = sys.modules.get(f"{self.__name__}.{name}")
            return known or (type(name, (), {}) if name.startswith("Frozen") else MagicMock())

    tree = (
        "",
        ".ops",
        ".ops.misc",
        ".models",
        ".models.feature_extraction",
        ".transforms",
        ".transforms.functional",
        ".datasets",
        ".utils",
    )
    for name in tree:
        sys.modules.setdefault(f"torchvision{name}", Absent(f"torchvision{name}"))
