# SPDX-License-Identifier: Apache-2.0
"""What the backbones share: their surface, their heads and small blocks."""

import paddle
from paddle import nn

from .origins import Origin


def settle_layout(x, training: bool):
    """`x`; in a static training program a copy of it, by a kernel that keeps both the value and its gradient in plain NCHW.

    oneDNN lets every convolution choose its layouts. Where a gradient's differs from the data's, batch normalisation and ReLU go
    backwards by reference kernels, five times slower; so their inputs and outputs are settled.
    """
    return paddle.assign(x) if training and not paddle.in_dynamic_mode() else x


class ConvBN(nn.Sequential):
    """Convolution without bias, then batch normalisation: [N, in, H, W] -> [N, out, H', W'], padded to "same" or not at all."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        same: bool = True,
    ):
        super().__init__()
        sides = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        padding = [side // 2 if same else 0 for side in sides]
        self.add_sublayer("conv", nn.Conv2D(in_channels, out_channels, sides, stride, padding, groups=groups, bias_attr=False))
        self.add_sublayer("bn", nn.BatchNorm2D(out_channels))

    def forward(self, x):
        return self.bn(settle_layout(self.conv(x), self.training))


class Linear(nn.Linear):
    """A linear layer, [..., in] -> [..., out], that trains fast on the CPU.

    There the sum over rows that is the bias's gradient takes five times the time of the products that are the others (Paddle 3.3.1). So the
    bias is added as a product with ones, whose gradient is a product as well.
    """

    def forward(self, x):
        if self.bias is None or not self.training or not paddle.in_dynamic_mode() or not x.place.is_cpu_place():
            return super().forward(x)
        bias = paddle.matmul(paddle.ones([*x.shape[:-1], 1], x.dtype), self.bias.unsqueeze(0))
        return paddle.matmul(x, self.weight) + bias


class DropPath(nn.Layer):
    """Leaves a residual branch out for whole pictures with probability `rate` in training (Huang et al., "Stochastic Depth", 2016)."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or not self.rate:
            return x
        kept = (paddle.rand([x.shape[0], *[1] * (x.ndim - 1)]) >= self.rate).astype(x.dtype)
        return x * kept / (1 - self.rate)


class EmbeddingHead(nn.Layer):
    """FaceX-Zoo's output layer: the last map [N, C, H, W] (or tokens [N, L, C]) -> the face embedding float32 [N, size].

    (batch norm over channels), dropout, flatten, linear, batch norm. positions: H * W, fixed by the input size.
    """

    def __init__(self, channels: int, positions: int, size: int = 512, norm: bool = True, dropout: float = 0.0, bias: bool = True):
        super().__init__()
        self.norm = nn.BatchNorm2D(channels) if norm else None
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels * positions, size, bias_attr=None if bias else False)
        self.bn = nn.BatchNorm1D(size)
        self.num_features = size

    def forward(self, x):
        if self.norm is not None:
            x = self.norm(x)
        return self.bn(self.linear(self.dropout(x).flatten(1)))


class Backbone(nn.Layer):
    """The surface of every backbone: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    A family writes `forward_features` and calls `add_head` last. min_input, input_multiple: the sides in px that it takes.
    origins: the checkpoints whose tensor names it can translate. has_drop_path: it takes the keyword `drop_path`. undecayed: last
    parts of the names of parameters that weight decay spares besides biases and normalisation. trains_in_program: a static training
    program with oneDNN is faster than eager mode and computes the same, which tests must show before a family says so.
    """

    min_input = 32
    input_multiple = 1
    has_drop_path = False
    trains_in_program = False
    undecayed: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()

    def __init__(self, in_channels: int):
        super().__init__()
        self.in_channels = in_channels

    def add_head(self, channels: int, num_classes: int, dropout: float, embedding: EmbeddingHead | None = None) -> None:
        """The mean over the map's positions, or `embedding`, then dropout and the classifier; `num_classes` 0 leaves that out."""
        self.pool = nn.AdaptiveAvgPool2D(1) if embedding is None else None
        self.embedding = embedding
        self.num_features = channels if embedding is None else embedding.num_features
        self.dropout = nn.Dropout(dropout)
        self.reset_classifier(num_classes)

    def reset_classifier(self, num_classes: int) -> None:
        """Puts a fresh classifier on the features (weights normal with deviation 0.01, bias zero); 0 gives the features themselves."""
        weights = paddle.ParamAttr(initializer=nn.initializer.Normal(0.0, 0.01))
        self.head = nn.Linear(self.num_features, num_classes, weight_attr=weights) if num_classes else nn.Identity()

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last map [N, C, H', W']."""
        raise NotImplementedError

    def forward_head(self, features):
        """The last map -> logits [N, num_classes]."""
        return self.head(self.dropout(self.flat_features(features)))

    def flat_features(self, features):
        """The last map -> what the classifier sees, [N, num_features]."""
        return self.pool(features).flatten(1) if self.embedding is None else self.embedding(features)

    def forward(self, x):
        if x.ndim != 4 or x.shape[1] != self.in_channels or not paddle.is_floating_point(x):
            found = f"{str(x.dtype).rpartition('.')[2]} {list(x.shape)}"
            raise ValueError(f"{type(self).__name__} expects floating-point pictures [N, {self.in_channels}, H, W], found {found}")
        return self.forward_head(self.forward_features(x))
