# SPDX-License-Identifier: Apache-2.0
"""Inception-ResNet-v1 (Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017,
arXiv 1602.07261), as FaceNet has it.

A stem without padding, five blocks on the first map, a reduction, and ten blocks on the second (figures 14, 10, 7 and 11). The last
reduction and the blocks behind it are left out: on small faces their map has two positions a side, and they hold half of the weights.
"""

import paddle
from paddle import nn

from ..layers import Backbone, ConvBN, settle_layout

BLOCKS = (5, 10)
# Of what a block adds to its input, as FaceNet was trained.
SCALES = (0.17, 0.10)
STEM_CHANNELS, CHANNELS = 256, 896


class BasicConv(nn.Layer):
    """Convolution, batch normalisation and ReLU: [N, in, H, W] -> [N, out, H', W'], padded to "same" or not at all."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int | tuple[int, int], stride: int = 1, same: bool = True):
        super().__init__()
        self.conv_bn = ConvBN(in_channels, out_channels, kernel_size, stride, same=same)

    def forward(self, x):
        return settle_layout(nn.functional.relu(self.conv_bn(x)), self.training)


class Pool(nn.MaxPool2D):
    """The largest of 3x3 at every second position, without padding: [N, C, H, W] -> [N, C, H', W']."""

    def __init__(self):
        super().__init__(3, 2)

    def forward(self, x):
        return settle_layout(super().forward(x), self.training)


class Branches(nn.Layer):
    """The same map through several branches, their channels side by side: [N, in, H, W] -> [N, sum of theirs, H', W']."""

    def __init__(self, *branches: nn.Layer):
        super().__init__()
        self.branches = nn.LayerList(branches)

    def forward(self, x):
        return settle_layout(paddle.concat([branch(x) for branch in self.branches], axis=1), self.training)


class Block(nn.Layer):
    """A residual block: a 1x1 convolution brings what the branches say, scaled, back onto the input; then ReLU.

    [N, C, H, W] -> the same shape.
    """

    def __init__(self, branches: Branches, branch_channels: int, channels: int, scale: float):
        super().__init__()
        self.branches, self.scale = branches, scale
        self.up = nn.Conv2D(branch_channels, channels, 1)

    def forward(self, x):
        added = settle_layout(self.up(self.branches(x)), self.training)
        return settle_layout(nn.functional.relu(x + added * self.scale), self.training)


def block35(scale: float) -> Block:
    """Inception-ResNet-A, figure 10, on 256 channels."""
    branches = Branches(
        BasicConv(STEM_CHANNELS, 32, 1),
        nn.Sequential(BasicConv(STEM_CHANNELS, 32, 1), BasicConv(32, 32, 3)),
        nn.Sequential(BasicConv(STEM_CHANNELS, 32, 1), BasicConv(32, 32, 3), BasicConv(32, 32, 3)),
    )
    return Block(branches, 96, STEM_CHANNELS, scale)


def block17(scale: float) -> Block:
    """Inception-ResNet-B, figure 11, on 896 channels."""
    branches = Branches(
        BasicConv(CHANNELS, 128, 1),
        nn.Sequential(BasicConv(CHANNELS, 128, 1), BasicConv(128, 128, (1, 7)), BasicConv(128, 128, (7, 1))),
    )
    return Block(branches, 256, CHANNELS, scale)


class InceptionResNet(Backbone):
    """Inception-ResNet-v1 up to its second kind of block: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    blocks: of the first and of the second kind. dropout: before the classifier. input_size: any from 64 px, as the mean over the map
    takes all.
    """

    min_input = 64
    trains_in_program = True

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        blocks: tuple[int, int] = BLOCKS,
        input_size: int = 160,
        dropout: float = 0.0,
    ):
        super().__init__(in_channels)
        self.stem = nn.Sequential(
            BasicConv(in_channels, 32, 3, 2, same=False),
            BasicConv(32, 32, 3, same=False),
            BasicConv(32, 64, 3),
            Pool(),
            BasicConv(64, 80, 1),
            BasicConv(80, 192, 3, same=False),
            BasicConv(192, STEM_CHANNELS, 3, 2, same=False),
        )
        self.blocks35 = nn.Sequential(*(block35(SCALES[0]) for _ in range(blocks[0])))
        self.reduction = Branches(
            BasicConv(STEM_CHANNELS, 384, 3, 2, same=False),
            nn.Sequential(BasicConv(STEM_CHANNELS, 192, 1), BasicConv(192, 192, 3), BasicConv(192, 256, 3, 2, same=False)),
            Pool(),
        )
        self.blocks17 = nn.Sequential(*(block17(SCALES[1]) for _ in range(blocks[1])))
        self.add_head(CHANNELS, num_classes, dropout)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, 896, H', W'], about a 20th of the input."""
        return self.blocks17(self.reduction(self.blocks35(self.stem(x))))


def inception_resnet_face(**keywords) -> InceptionResNet:
    """The first half of FaceNet (Schroff et al., CVPR 2015, as davidsandberg/facenet builds it), five of the ten second blocks."""
    return InceptionResNet(**{"blocks": (5, 5), **keywords})
