# SPDX-License-Identifier: Apache-2.0
"""MobileNet (Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", arXiv 1704.04861).

Table 1: a stem and thirteen pairs of a 3x3 depthwise and a 1x1 convolution, each with batch normalisation and ReLU6.
"""

from paddle import nn

from ..layers import Backbone, ConvBN, settle_layout

STEM = 32
# (channels, stride) of each pair.
PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class ConvBNActivation(nn.Layer):
    """Convolution, batch normalisation and ReLU6, min(max(x, 0), 6), or PReLU: [N, in, H, W] -> [N, out, H', W']."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1, prelu: bool = False):
        super().__init__()
        self.conv_bn = ConvBN(in_channels, out_channels, kernel_size, stride, groups)
        self.act = nn.PReLU(out_channels) if prelu else nn.ReLU6()

    def forward(self, x):
        return settle_layout(self.act(self.conv_bn(x)), self.training)


class SeparableConv(nn.Sequential):
    """A 3x3 convolution of every channel by itself with the stride, then a 1x1 across them: [N, in, H, W] -> [N, out, H', W']."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, prelu: bool = False):
        super().__init__()
        self.add_sublayer("depthwise", ConvBNActivation(in_channels, in_channels, 3, stride, in_channels, prelu))
        self.add_sublayer("pointwise", ConvBNActivation(in_channels, out_channels, 1, prelu=prelu))


class MobileNet(Backbone):
    """MobileNet of any width: float32 [N, in_channels, H, W] -> logits [N, num_classes]; the last map is a 32nd of the input.

    width: factor of all channels of Table 1. dropout: before the classifier. input_size: any, as the mean over the map takes all.
    face: as SFace has it, PReLU in place of ReLU6 and a stem that keeps every position, so that the last map is a 16th of the input.
    """

    trains_in_program = True

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: float = 1.0,
        input_size: int = 224,
        dropout: float = 0.0,
        face: bool = False,
    ):
        super().__init__(in_channels)
        if not 0 < width <= 4:
            raise ValueError(f"MobileNet needs a width above 0 and up to 4, found {width}")
        widths = [max(8, round(channels * width)) for channels in (STEM, *(channels for channels, _ in PAIRS))]
        self.stem = ConvBNActivation(in_channels, widths[0], 3, stride=1 if face else 2, prelu=face)
        self.pairs = nn.Sequential(
            *(SeparableConv(before, after, stride, face) for before, after, (_, stride) in zip(widths, widths[1:], PAIRS, strict=False))
        )
        self.add_head(widths[-1], num_classes, dropout)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, 1024 * width, H', W']."""
        return self.pairs(self.stem(x))


def mobilenet(**keywords) -> MobileNet:
    """The network of Table 1."""
    return MobileNet(**keywords)


def mobilenet_face(**keywords) -> MobileNet:
    """The MobileNet of SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", IEEE TIP 2021)."""
    return MobileNet(face=True, **keywords)
