"""Blocks shared by the backbones."""

from paddle import nn


class ConvBN(nn.Sequential):
    """Convolution without bias, then batch normalisation: [N, in, H, W] -> [N, out, H', W'] with "same" padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.add_sublayer(
            "conv",
            nn.Conv2D(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, groups=groups, bias_attr=False),
        )
        self.add_sublayer("bn", nn.BatchNorm2D(out_channels))
