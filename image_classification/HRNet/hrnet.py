# SPDX-License-Identifier: Apache-2.0
"""HRNet (Wang et al., "Deep High-Resolution Representation Learning for Visual Recognition", TPAMI 2020, arXiv 1908.07919).

The classification network ("HRNet-W-C") as in the authors' HRNet-Image-Classification (MIT). Branches of halving sizes run beside one
another and exchange their maps after every module, so that the finest one is never lost. The ImageNet variant starts at a quarter of
the input; FaceX-Zoo's face variant at half (`stem_stride=1`), so that 112 px end at 7x7.
"""

import math
import re
from collections.abc import Sequence

import paddle
from paddle import nn

from ..layers import Backbone, ConvBN, EmbeddingHead, settle_layout
from ..origins import Origin

FACE = {"stem_stride": 1, "head": "embedding", "input_size": 112}
_EXPANSION = 4


def _fuse_places(branches: int) -> list[str]:
    """Where our `fuse_layers` keep what PaddleClas numbers through: to branch i, from branch j, k-th of several convolutions."""
    pairs = [(i, j) for i in range(branches) for j in range(branches) if i != j]
    return [f"{i}.{j}" if j > i else f"{i}.{j}.{k}" for i, j in pairs for k in range(max(i - j, 1))]


def _fuse_name(match: re.Match) -> str:
    """Stage s has s branches."""
    return f"stages.{int(match[1]) - 2}.{match[2]}.fuse_layers.{_fuse_places(int(match[1]))[int(match[3])]}."


def _less(prefix: str, offset: int):
    """A replacement: `prefix`, the matched number less `offset`, a dot."""
    return lambda match: f"{prefix}{int(match[1]) - offset}."


_TORCH = (
    (r"^output_layer\.1\.", "embedding.linear."),
    (r"^output_layer\.2\.", "embedding.bn."),
    (r"^classifier\.", "head."),
    # Sequences of a convolution and its normalisation, the pairs of the blocks, and at last those of the stem.
    (r"\.0\.(?=(weight|bias)$)", ".conv."),
    (r"\.1\.(?=(weight|bias|running_mean|running_var)$)", ".bn."),
    (r"\.(conv|bn)([123])\.", r".conv\2.\1."),
    (r"^(conv|bn)([12])\.", lambda match: f"stem.{int(match[2]) - 1}.{match[1]}."),
    (r"^transition\d\.(\d)\.(0\.)?(?=conv|bn)", r"transitions.\1."),
    (r"^stage(\d)\.", _less("stages.", 2)),
    (r"^incre_modules\.(\d)\.0\.", r"incre_modules.\1."),
)
_PADDLECLAS = (
    (r"^fc\.", "head."),
    (r"\.conv_down\.", ".downsample."),
    (r"^conv_layer1_(\d)\.", _less("stem.", 1)),
    (r"^conv_tr1_(\d)\.", _less("transitions.", 1)),
    (r"^conv_tr(\d)\.", r"transitions.\1."),
    (r"^st(\d)\.stage_func_list\.(\d)\.fuse_func\.residual_func_list\.(\d+)\.", _fuse_name),
    (r"\.stage_func_list\.(\d)\.basic_block_list\.", r".\1.branches."),
    (r"^st(\d)\.", _less("stages.", 2)),
    (r"^last_cls\.func_list\.", "incre_modules."),
    (r"^cls_head_conv_list\.", "downsamp_modules."),
    (r"^conv_last\.", "final_layer."),
)
ORIGINS = (
    Origin("timm or the HRNet authors", (r"transition1\.0\.0\.weight", r"classifier\."), _TORCH),
    Origin("FaceX-Zoo", (r"transition1\.0\.0\.weight", r"output_layer\."), _TORCH, normalize="facexzoo"),
    Origin(
        "PaddleClas", (r"st2\.stage_func_list\.",), _PADDLECLAS, zeros=(r"(downsamp_modules\.\d|final_layer)\.conv\.bias",), torch=False
    ),
)


def _relu(x, training: bool):
    """ReLU whose result keeps a plain layout in training."""
    return settle_layout(nn.functional.relu(x), training)


class ConvBNReLU(ConvBN):
    """ConvBN, then ReLU. bias: the convolution has one, although the normalisation takes it out again."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, bias: bool = False):
        super().__init__(in_channels, out_channels, kernel_size, stride)
        if bias:
            # Zero at first, where PyTorch draws it: in front of the normalisation that makes no difference.
            self.conv.bias = self.conv.create_parameter([out_channels], is_bias=True)

    def forward(self, x):
        return _relu(super().forward(x), self.training)


class BasicBlock(nn.Layer):
    """Two 3x3 convolutions beside an identity: [N, C, H, W] -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = ConvBNReLU(channels, channels, 3)
        self.conv2 = ConvBN(channels, channels, 3)

    def forward(self, x):
        return _relu(x + self.conv2(self.conv1(x)), self.training)


class Bottleneck(nn.Layer):
    """1x1 to `width`, 3x3, 1x1 to four times that: [N, in, H, W] -> [N, 4 * width, H, W]; beside a 1x1 where the channels differ."""

    def __init__(self, in_channels: int, width: int):
        super().__init__()
        out_channels = _EXPANSION * width
        self.conv1 = ConvBNReLU(in_channels, width, 1)
        self.conv2 = ConvBNReLU(width, width, 3)
        self.conv3 = ConvBN(width, out_channels, 1)
        self.downsample = ConvBN(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, x):
        return _relu(self.downsample(x) + self.conv3(self.conv2(self.conv1(x))), self.training)


class HighResolutionModule(nn.Layer):
    """Basic blocks in every branch, then the exchange: maps [N, widths[i], H_i, W_i] -> maps of the same shapes.

    To branch i, `fuse_layers[i][j]` brings the map of a coarser branch j by a 1x1 convolution and nearest upsampling, that of a finer
    one by i - j convolutions of stride 2; the sum passes a ReLU.
    """

    def __init__(self, widths: Sequence[int], blocks: int):
        super().__init__()
        self.branches = nn.LayerList(nn.Sequential(*(BasicBlock(width) for _ in range(blocks))) for width in widths)
        self.fuse_layers = nn.LayerList(nn.LayerList(_fuse_layer(widths, i, j) for j in range(len(widths))) for i in range(len(widths)))

    def forward(self, maps):
        maps = [self.branches[i](maps[i]) for i in range(len(maps))]
        return [_relu(self._received(maps, i), self.training) for i in range(len(maps))]

    def _received(self, maps, i: int):
        """The sum of all branches' maps in the shape of branch i's."""
        total = maps[i]
        for j in range(len(maps)):
            if j > i:
                total = total + _upsample(self.fuse_layers[i][j](maps[j]), 2 ** (j - i), maps[i].shape[2:])
            elif j < i:
                total = total + self.fuse_layers[i][j](maps[j])
        return total


def _upsample(x, factor: int, size: Sequence[int]):
    """Nearest upsampling: every position `factor` times, cut to `size` (that of an odd map is not twice its half).

    Not by paddle's interpolate, which oneDNN refuses in programs of Paddle 3.3.
    """
    channels, height, width = x.shape[1:]
    x = x.reshape([-1, channels, height, 1, width, 1]).expand([-1, -1, -1, factor, -1, factor])
    x = x.reshape([-1, channels, height * factor, width * factor])
    return x if x.shape[2:] == list(size) else x[:, :, : size[0], : size[1]]


def _fuse_layer(widths: Sequence[int], i: int, j: int) -> nn.Layer:
    """From branch j to branch i, without the upsampling."""
    if j == i:
        return nn.Identity()
    if j > i:
        return ConvBN(widths[j], widths[i], 1)
    return nn.Sequential(*(ConvBNReLU(widths[j], widths[j], 3, 2) for _ in range(i - j - 1)), ConvBN(widths[j], widths[i], 3, 2))


class HRNet(Backbone):
    """An HRNet of any width and depth: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    widths: channels of the branches, the finest first; each branch has half the size of the one before. modules: number of exchanges of
    the stages; the first stage has two branches, every further one a branch more. blocks: basic blocks of a branch between exchanges.
    stem_width, stem_stride: channels of the stem's two convolutions, and the stride of the second; the first has 2. first_width,
    first_blocks: the bottlenecks on the stem, of which each gives four times its width. head_widths: those of the bottlenecks that
    widen each branch before all are gathered in the coarsest. out_channels: of the last map. head: "pool" (mean over the map, the
    original) or "embedding" (FaceX-Zoo's 512 numbers; fixes `input_size`, in px).
    """

    trains_in_program = True
    origins = ORIGINS

    def __init__(
        self,
        widths: Sequence[int],
        modules: Sequence[int] = (1, 4, 3),
        blocks: int = 4,
        num_classes: int = 1000,
        in_channels: int = 3,
        stem_width: int = 64,
        stem_stride: int = 2,
        first_width: int = 64,
        first_blocks: int = 4,
        head_widths: Sequence[int] = (32, 64, 128, 256),
        out_channels: int = 2048,
        head: str = "pool",
        input_size: int = 224,
        dropout: float = 0.0,
    ):
        super().__init__(in_channels)
        if len(widths) < 2 or len(modules) != len(widths) - 1 or len(head_widths) != len(widths):
            found = f"{len(widths)}, {len(modules)} and {len(head_widths)}"
            raise ValueError(f"HRNet needs widths of two branches or more, modules for one stage less, a head width a branch: got {found}")
        if min(*modules, blocks, first_blocks) < 1:
            raise ValueError(f"HRNet needs a module a stage and a block a branch, found {tuple(modules)}, {blocks} and {first_blocks}")
        if stem_stride not in (1, 2):
            raise ValueError(f"HRNet stem_stride must be 1 or 2, found {stem_stride}")
        if head not in ("pool", "embedding"):
            raise ValueError(f"HRNet head must be 'pool' or 'embedding', found {head!r}")
        self.stem = nn.Sequential(ConvBNReLU(in_channels, stem_width, 3, 2), ConvBNReLU(stem_width, stem_width, 3, stem_stride))
        first = _EXPANSION * first_width
        self.layer1 = nn.Sequential(*(Bottleneck(first if i else stem_width, first_width) for i in range(first_blocks)))
        # The i-th is where branch i begins: two at layer1, each later one at the coarsest branch there is.
        before = (first, first, *widths[1:])
        self.transitions = nn.LayerList(ConvBNReLU(before[i], width, 3, 2 if i else 1) for i, width in enumerate(widths))
        self.stages = nn.LayerList(
            nn.Sequential(*(HighResolutionModule(widths[: i + 2], blocks) for _ in range(count))) for i, count in enumerate(modules)
        )
        wide = [_EXPANSION * width for width in head_widths]
        self.incre_modules = nn.LayerList(Bottleneck(widths[i], width) for i, width in enumerate(head_widths))
        self.downsamp_modules = nn.LayerList(ConvBNReLU(wide[i], wide[i + 1], 3, 2, bias=True) for i in range(len(wide) - 1))
        self.final_layer = ConvBNReLU(wide[-1], out_channels, 1, bias=True)
        self._initialise()
        side = -(-input_size // (2 * stem_stride * 2 ** (len(widths) - 1)))
        embedding = EmbeddingHead(out_channels, side**2, norm=False, bias=False) if head == "embedding" else None
        self.add_head(out_channels, num_classes, dropout, embedding)

    def _initialise(self) -> None:
        """The authors' first weights: Kaiming normal by the fan OUT (Paddle's is by the fan in)."""
        if not paddle.in_dynamic_mode():
            return  # a static program takes over the values of an eager twin
        for layer in self.sublayers():
            if isinstance(layer, nn.Conv2D):
                out_channels, _, *kernel = layer.weight.shape
                nn.initializer.Normal(0.0, math.sqrt(2 / (out_channels * math.prod(kernel))))(layer.weight)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, out_channels, H', W'], of the coarsest branch's size."""
        x = self.layer1(self.stem(x))
        maps = [self.transitions[0](x), self.transitions[1](x)]
        maps = self.stages[0](maps)
        for i in range(1, len(self.stages)):
            maps = self.stages[i]([*maps, self.transitions[i + 1](maps[-1])])
        x = self.incre_modules[0](maps[0])
        for i in range(1, len(maps)):
            x = self.incre_modules[i](maps[i]) + self.downsamp_modules[i - 1](x)
        return self.final_layer(x)


def hrnet_w18(**keywords) -> HRNet:
    return HRNet(**{"widths": (18, 36, 72, 144), **keywords})


def hrnet_w32(**keywords) -> HRNet:
    return HRNet(**{"widths": (32, 64, 128, 256), **keywords})


def hrnet_w48(**keywords) -> HRNet:
    return HRNet(**{"widths": (48, 96, 192, 384), **keywords})


def hrnet_w18_face(**keywords) -> HRNet:
    """FaceX-Zoo's variant for small faces: second stem convolution of stride 1, 512-d embedding, 112 px."""
    return hrnet_w18(**{**FACE, **keywords})


def hrnet_lite(**keywords) -> HRNet:
    """For 48 px and for training on a CPU: 0.61 M parameters, 52 M MACs; coarse branches are narrow, since parameters lie there."""
    lite = {
        "widths": (16, 32, 32, 64),
        "modules": (1, 2, 1),
        "blocks": 1,
        "stem_width": 32,
        "stem_stride": 1,
        "first_width": 16,
        "first_blocks": 1,
        "head_widths": (8, 8, 16, 32),
        "out_channels": 256,
    }
    return HRNet(**{**lite, **keywords})
