# SPDX-License-Identifier: Apache-2.0
"""IResNet: He et al., "Deep Residual Learning", CVPR 2016, with the residual unit of ArcFace (Deng et al., CVPR 2019, arXiv 1801.07698).

The `Resnet` of FaceX-Zoo (Wang et al., 2021, arXiv 2101.04407), mode `ir_se` with the squeeze-and-excitation of Hu et al. (CVPR 2018,
arXiv 1709.01507), mode `ir` without. Made for small faces: the stem keeps the input's size, so that 112 px end at 7x7.
"""

from collections.abc import Sequence

from paddle import nn

from ..layers import Backbone, ConvBN, EmbeddingHead, settle_layout
from ..origins import Origin

FACE = {"head": "embedding", "dropout": 0.4}
_REDUCTION = 16
# FaceX-Zoo's fewest, at its 64 channels. Narrower layers keep them: ReLU easily shuts one or two numbers off for every picture.
_FEWEST = 4
_STEM = ((r"^input_layer\.0\.", "stem.conv."), (r"^input_layer\.1\.", "stem.bn."), (r"^input_layer\.2\.weight$", "stem_act._weight"))
_PARTS = (
    (r"res_layer\.0\.", "norm."),
    (r"res_layer\.1\.", "conv1."),
    (r"res_layer\.2\.weight$", "act._weight"),
    (r"res_layer\.3\.", "conv2.conv."),
    (r"res_layer\.4\.", "conv2.bn."),
    (r"res_layer\.5\.", "se."),
    (r"shortcut_layer\.0\.", "shortcut.conv."),
    (r"shortcut_layer\.1\.", "shortcut.bn."),
)
_UNITS = tuple((rf"^body\.(\d+)\.{theirs}", rf"units.\1.{ours}") for theirs, ours in _PARTS)
_EMBEDDING = tuple((rf"^output_layer\.{i}\.", f"embedding.{part}.") for i, part in ((0, "norm"), (3, "linear"), (4, "bn")))
ORIGINS = (Origin("FaceX-Zoo", (r"input_layer\.2\.weight", r"body\.0\.res_layer\."), (*_STEM, *_UNITS, *_EMBEDDING), normalize="facexzoo"),)


class SqueezeExcitation(nn.Layer):
    """Scales every channel of [N, C, H, W] by a number in (0, 1) that follows from the means of all channels."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = max(_FEWEST, channels // _REDUCTION)
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.fc1 = nn.Conv2D(channels, squeezed, 1, bias_attr=False)
        self.fc2 = nn.Conv2D(squeezed, channels, 1, bias_attr=False)

    def forward(self, x):
        squeezed = nn.functional.relu(self.fc1(self.pool(x)))  # [N, max(4, C / 16), 1, 1]
        return x * nn.functional.sigmoid(self.fc2(squeezed))


class IResNetUnit(nn.Layer):
    """BN, 3x3, PReLU, 3x3 with the stride, BN (and squeeze-and-excitation), plus the shortcut: [N, in, H, W] -> [N, out, H', W'].

    Where the channels agree, the shortcut has no parameters: a 1x1 max-pool with the stride, which takes every stride-th pixel.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, se: bool):
        super().__init__()
        self.norm = nn.BatchNorm2D(in_channels)
        self.conv1 = nn.Conv2D(in_channels, out_channels, 3, padding=1, bias_attr=False)
        self.act = nn.PReLU(out_channels)
        self.conv2 = ConvBN(out_channels, out_channels, 3, stride)
        self.se = SqueezeExcitation(out_channels) if se else nn.Identity()
        if in_channels != out_channels:
            self.shortcut = ConvBN(in_channels, out_channels, 1, stride)
        else:
            self.shortcut = nn.MaxPool2D(1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = self.conv1(settle_layout(self.norm(x), self.training))
        # On both sides of PReLU this is not for speed: with only one of them, a static program trains on wrong gradients (Paddle 3.3.1).
        y = settle_layout(self.act(settle_layout(y, self.training)), self.training)
        return settle_layout(self.se(self.conv2(y)) + self.shortcut(x), self.training)


class IResNet(Backbone):
    """An IResNet of any width and depth: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    units: number of units of the four stages, each of which begins with stride 2; widths: channels of the four stages, the first also
    the stem's. se: with squeeze-and-excitation (mode `ir_se`) or without (`ir`). head: "embedding" (FaceX-Zoo's 512 numbers; fixes
    `input_size`, in px) or "pool" (mean over the map). dropout: before the embedding's linear layer, or before the classifier.
    """

    min_input = 16
    trains_in_program = True
    origins = ORIGINS

    # Weights start as the framework's layers do by themselves, in FaceX-Zoo and so here; PReLU's slopes at 0.25 in both.
    def __init__(
        self,
        units: Sequence[int],
        widths: Sequence[int] = (64, 128, 256, 512),
        se: bool = True,
        num_classes: int = 1000,
        in_channels: int = 3,
        stem_stride: int = 1,
        head: str = "pool",
        input_size: int = 112,
        dropout: float = 0.0,
    ):
        super().__init__(in_channels)
        if not units or len(units) != len(widths):
            raise ValueError(f"IResNet needs one width a stage: got {len(widths)} widths for {len(units)} stages")
        if min(*units, *widths) < 1:
            raise ValueError(f"IResNet needs a unit and a channel or more in every stage, found {tuple(units)} and {tuple(widths)}")
        if stem_stride not in (1, 2):
            raise ValueError(f"IResNet stem_stride must be 1 or 2, found {stem_stride!r}")
        if head not in ("pool", "embedding"):
            raise ValueError(f"IResNet head must be 'pool' or 'embedding', found {head!r}")
        self.stem = ConvBN(in_channels, widths[0], 3, stem_stride)
        self.stem_act = nn.PReLU(widths[0])
        side = -(-input_size // stem_stride)
        # One flat list, as in FaceX-Zoo: a unit's number is then the same in both.
        chain = []
        before = widths[0]
        for count, width in zip(units, widths, strict=True):
            for i in range(count):
                chain.append(IResNetUnit(before, width, 1 if i else 2, se))
                before = width
            side = -(-side // 2)
        self.units = nn.Sequential(*chain)
        if head == "embedding":
            self.add_head(before, num_classes, 0.0, EmbeddingHead(before, side**2, dropout=dropout))
        else:
            self.add_head(before, num_classes, dropout)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, widths[-1], H', W']."""
        return self.units(settle_layout(self.stem_act(self.stem(x)), self.training))


def iresnet18(**keywords) -> IResNet:
    """The face network, as the four below: `ir_se`, 512-d embedding, 112 px. This depth and the next are not among FaceX-Zoo's."""
    return IResNet(**{**FACE, "units": (2, 2, 2, 2), **keywords})


def iresnet34(**keywords) -> IResNet:
    """IResNet of 16 units."""
    return IResNet(**{**FACE, "units": (3, 4, 6, 3), **keywords})


def iresnet50(**keywords) -> IResNet:
    """IResNet of 24 units."""
    return IResNet(**{**FACE, "units": (3, 4, 14, 3), **keywords})


def iresnet100(**keywords) -> IResNet:
    """IResNet of 49 units."""
    return IResNet(**{**FACE, "units": (3, 13, 30, 3), **keywords})


def iresnet152(**keywords) -> IResNet:
    """IResNet of 50 units: the paper's IResNet-152."""
    return IResNet(**{**FACE, "units": (3, 8, 36, 3), **keywords})


def iresnet_lite(**keywords) -> IResNet:
    """A small network: 1.95 M parameters, 71 M MACs at 48 px grey."""
    return IResNet(**{"units": (2, 3, 4, 2), "widths": (16, 48, 96, 192), **keywords})
