# SPDX-License-Identifier: Apache-2.0
"""RepVGG (Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", CVPR 2021, arXiv 2101.03697).

Trains with three branches a block (3x3, 1x1, identity) and runs, after `fuse`, as a plain chain of 3x3 convolutions. The
ImageNet variant halves the input in the stem; the face variant (FaceX-Zoo) keeps it (`stem_stride=1`), so that 112 px end at 7x7.
"""

from collections.abc import Sequence

import numpy as np
import paddle
from paddle import nn

from ..layers import Backbone, ConvBN, EmbeddingHead, settle_layout
from ..origins import Origin

FACE = {"stem_stride": 1, "head": "embedding"}
_BRANCHES = (("rbr_dense", "conv_kxk"), ("rbr_1x1", "conv_1x1"), ("rbr_identity", "identity"))
_STAGES = ((r"^stage0\.", "stem."), (r"^stage(\d)\.", lambda match: f"stages.{int(match[1]) - 1}."), *_BRANCHES)
_EMBEDDING = tuple((rf"^output_layer\.{i}\.", f"embedding.{part}.") for i, part in ((0, "norm"), (2, "linear"), (3, "bn")))
ORIGINS = (
    Origin("timm", (r"stem\.conv_kxk\.bn\.running_mean",), ((r"^head\.fc\.", "head."),)),
    Origin("FaceX-Zoo", (r"stage0\.rbr_dense\.bn\.running_mean", r"output_layer\."), (*_STAGES, *_EMBEDDING), normalize="facexzoo"),
    Origin("the RepVGG authors", (r"stage0\.rbr_dense\.bn\.running_mean", r"linear\."), (*_STAGES, (r"^linear\.", "head."))),
    Origin("PaddleClas", (r"stage0\.rbr_dense\.bn\._mean",), (*_STAGES, (r"^linear\.", "head.")), torch=False),
)


class RepVGGBlock(nn.Layer):
    """ReLU of the sum of a 3x3, a 1x1 and (where the shapes agree) an identity branch, each with batch normalisation."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.conv_kxk = ConvBN(in_channels, out_channels, 3, stride)
        self.conv_1x1 = ConvBN(in_channels, out_channels, 1, stride)
        self.identity = nn.BatchNorm2D(in_channels) if in_channels == out_channels and stride == 1 else None
        self.fused = None

    def forward(self, x):
        if self.fused is not None:
            return nn.functional.relu(self.fused(x))
        y = self.conv_kxk(x) + self.conv_1x1(x)
        if self.identity is not None:
            y = y + self.identity(x)
        return settle_layout(nn.functional.relu(y), self.training)

    def fuse(self) -> None:
        """Replaces the branches by the one 3x3 convolution that computes the same in evaluation mode (section 3.3)."""
        conv = self.conv_kxk.conv
        kernel, bias = _fold(conv.weight, self.conv_kxk.bn)
        point, point_bias = _fold(self.conv_1x1.conv.weight, self.conv_1x1.bn)
        kernel = kernel + nn.functional.pad(point, [1, 1, 1, 1])
        bias = bias + point_bias
        if self.identity is not None:
            unit = paddle.eye(conv.weight.shape[0]).reshape([*conv.weight.shape[:2], 1, 1])
            point, point_bias = _fold(unit, self.identity)
            kernel = kernel + nn.functional.pad(point, [1, 1, 1, 1])
            bias = bias + point_bias
        out_channels, in_channels = conv.weight.shape[:2]
        self.fused = nn.Conv2D(in_channels, out_channels, 3, conv._stride, padding=1)
        self.fused.weight.set_value(kernel)
        self.fused.bias.set_value(bias)
        self.conv_kxk = self.conv_1x1 = self.identity = None


def _fold(weight, bn: nn.BatchNorm2D):
    """The kernel [out, in, k, k] and bias [out] of "convolve without bias, then normalise"."""
    scale = bn.weight / paddle.sqrt(bn._variance + bn._epsilon)
    return weight * scale.reshape([-1, 1, 1, 1]), bn.bias - bn._mean * scale


class RepVGG(Backbone):
    """A RepVGG of any width and depth: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    widths: channels of the stem and of the four stages; blocks: number of blocks of the four stages, each of which begins with
    stride 2. head: "pool" (mean over the map, the original) or "embedding" (FaceX-Zoo's 512 numbers; fixes `input_size`, in px).
    """

    min_input = 16
    trains_in_program = True
    origins = ORIGINS

    def __init__(
        self,
        widths: Sequence[int],
        blocks: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
        stem_stride: int = 2,
        head: str = "pool",
        input_size: int = 224,
        dropout: float = 0.0,
    ):
        super().__init__(in_channels)
        if len(widths) != len(blocks) + 1:
            raise ValueError(f"RepVGG needs one width for the stem and one a stage: got {len(widths)} for {len(blocks)} stages")
        if head not in ("pool", "embedding"):
            raise ValueError(f"RepVGG head must be 'pool' or 'embedding', found {head!r}")
        self.stem = RepVGGBlock(in_channels, widths[0], stem_stride)
        side = -(-input_size // stem_stride)
        stages = []
        for before, width, count in zip(widths, widths[1:], blocks, strict=False):
            stages.append(nn.Sequential(*(RepVGGBlock(before if i == 0 else width, width, 2 if i == 0 else 1) for i in range(count))))
            side = -(-side // 2)
        self.stages = nn.Sequential(*stages)
        self.add_head(widths[-1], num_classes, dropout, EmbeddingHead(widths[-1], side**2) if head == "embedding" else None)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, widths[-1], H', W']."""
        return self.stages(self.stem(x))

    def fuse(self) -> "RepVGG":
        """Turns every block into one convolution, in place; for evaluation only."""
        for layer in self.sublayers():
            if isinstance(layer, RepVGGBlock):
                layer.fuse()
        return self

    def unfused(self, tensors: dict[str, np.ndarray], prefix: str = "") -> dict[str, np.ndarray]:
        """The tensors of a fused network, whose names begin with `prefix`, as float32 ones for this network with its branches.

        They compute the same in evaluation mode: the 3x3 branch has it all, the others begin at zero.
        """
        found = {prefix + name: value.numpy() for name, value in self.state_dict().items()}
        found |= {name: value.astype(np.float32) for name, value in tensors.items() if name in found}
        for name, layer in self.named_sublayers():
            if not isinstance(layer, RepVGGBlock):
                continue
            for branch in ("conv_1x1.bn", *(["identity"] if layer.identity is not None else [])):
                found[f"{prefix}{name}.{branch}.weight"] = np.zeros_like(found[f"{prefix}{name}.{branch}.weight"])
                found[f"{prefix}{name}.{branch}.bias"] = np.zeros_like(found[f"{prefix}{name}.{branch}.bias"])
            dense = f"{prefix}{name}.conv_kxk"
            found[f"{dense}.conv.weight"], found[f"{dense}.bn.bias"] = (
                tensors[f"{prefix}{name}.fused.{part}"].astype(np.float32) for part in ("weight", "bias")
            )
            found[f"{dense}.bn._mean"] = np.zeros_like(found[f"{dense}.bn._mean"])
            # With the epsilon that is added to it exactly 1, so that fusing again gives the very same numbers.
            found[f"{dense}.bn._variance"] = np.full_like(found[f"{dense}.bn._variance"], 1 - layer.conv_kxk.bn._epsilon)
            found[f"{dense}.bn.weight"] = np.ones_like(found[f"{dense}.bn.weight"])
        return found


_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)


def repvgg_a0(**keywords) -> RepVGG:
    return RepVGG(**{"widths": (48, 48, 96, 192, 1280), "blocks": _A, **keywords})


def repvgg_a1(**keywords) -> RepVGG:
    return RepVGG(**{"widths": (64, 64, 128, 256, 1280), "blocks": _A, **keywords})


def repvgg_a2(**keywords) -> RepVGG:
    return RepVGG(**{"widths": (64, 96, 192, 384, 1408), "blocks": _A, **keywords})


def repvgg_b0(**keywords) -> RepVGG:
    return RepVGG(**{"widths": (64, 64, 128, 256, 1280), "blocks": _B, **keywords})


def repvgg_b1(**keywords) -> RepVGG:
    return RepVGG(**{"widths": (64, 128, 256, 512, 2048), "blocks": _B, **keywords})


def repvgg_a0_face(**keywords) -> RepVGG:
    """FaceX-Zoo's variant for small faces, as the two below: stem of stride 1, 512-d embedding, 112 px."""
    return repvgg_a0(**{**FACE, **keywords})


def repvgg_b0_face(**keywords) -> RepVGG:
    return repvgg_b0(**{**FACE, **keywords})


def repvgg_b1_face(**keywords) -> RepVGG:
    return repvgg_b1(**{**FACE, **keywords})


def repvgg_lite(**keywords) -> RepVGG:
    """The shipped bundle's network: 1.84 M parameters, 72 M MACs at 48 px grey once fused."""
    return RepVGG(**{"widths": (24, 48, 96, 192, 384), "blocks": (2, 2, 3, 1), "stem_stride": 1, **keywords})
