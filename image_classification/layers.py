"""Blocks shared by the backbones."""

import paddle
from paddle import nn


def settle_layout(x, training: bool):
    """`x`; in a static training program a copy of it, by a kernel that keeps both the value and its gradient in plain NCHW.

    oneDNN lets every convolution choose its layouts. Where a gradient's differs from the data's, batch normalisation and ReLU go
    backwards by reference kernels, five times slower; so their inputs and outputs are settled.
    """
    return paddle.assign(x) if training and not paddle.in_dynamic_mode() else x


class ConvBN(nn.Sequential):
    """Convolution without bias, then batch normalisation: [N, in, H, W] -> [N, out, H', W'] with "same" padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.add_sublayer(
            "conv",
            nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, groups=groups, bias_attr=False),
        )
        self.add_sublayer("bn", nn.BatchNorm2D(out_channels))

    def forward(self, x):
        return self.bn(settle_layout(self.conv(x), self.training))
