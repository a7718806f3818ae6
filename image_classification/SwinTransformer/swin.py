# SPDX-License-Identifier: Apache-2.0
"""Swin Transformer (Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows", ICCV 2021).

arXiv 2103.14030; reference implementation microsoft/Swin-Transformer, face variant JDAI-CV/FaceX-Zoo. Windows of 7x7 tokens attend
within themselves, every second block with the windows shifted by half; between stages 2x2 tokens merge into one. Any input of
multiples of 4 px works: maps that the windows do not divide are padded, as in the authors' detection code; at 224 px none is.
"""

from collections.abc import Sequence

import paddle
from paddle import nn

from ..layers import Backbone, ConvBN, DropPath, EmbeddingHead, Linear, settle_layout
from ..origins import Origin

# The authors leave tokens of different regions of a shifted map this much less likely, in logits, instead of excluding them.
_FOREIGN = -100.0
_COMPUTED = (
    (r".*\.relative_position_(index|bias)", "computed here from the window"),
    (r".*\.attn_mask", "computed here from the size of the map"),
)
_INDEX = r"layers\.0\.blocks\.0\.attn\.relative_position_index"
_PADDLEVIT = (
    (r"^patch_embedding\.patch_embed\.", "patch_embed.proj."),
    (r"^patch_embedding\.", "patch_embed."),
    (r"^stages\.", "layers."),
    (r"^fc\.", "head."),
)
_EMBEDDING = ((r"^output_layer\.0\.", "norm."), (r"^output_layer\.2\.", "embedding.linear."), (r"^output_layer\.3\.", "embedding.bn."))
# timm merges at the beginning of a stage; the others, and this file, at the end of the one before.
_TIMM = ((r"^layers\.(\d)\.downsample\.", lambda match: f"layers.{int(match[1]) - 1}.downsample."), (r"^head\.fc\.", "head."))
ORIGINS = (
    Origin("timm", (r"layers\.3\.downsample\.",), _TIMM, _COMPUTED),
    Origin("FaceX-Zoo", (_INDEX, r"output_layer\."), _EMBEDDING, _COMPUTED, normalize="facexzoo"),
    Origin("PaddleClas", (_INDEX, r"norm\."), (), _COMPUTED, torch=False),
    Origin("PaddleViT", (r"patch_embedding\.patch_embed\.", r"stages\."), _PADDLEVIT, _COMPUTED, torch=False),
)


def _linear(in_features: int, out_features: int, bias: bool = True) -> Linear:
    # As the authors': weights from a truncated normal distribution, biases zero (Paddle's default).
    weights = paddle.ParamAttr(initializer=nn.initializer.TruncatedNormal(std=0.02))
    return Linear(in_features, out_features, weight_attr=weights, bias_attr=None if bias else False)


def _pad(x, bottom: int, right: int):
    """A map [N, H, W, C] with rows and columns of zeros after its own."""
    # By concatenation: Paddle 3.3.1's padding of such maps fails with oneDNN, or comes out wrong in bfloat16. The zeros are
    # products, since a traced program does not know the size of its batch.
    if bottom:
        x = paddle.concat([x, *[x[:, :1] * 0] * bottom], axis=1)
    if right:
        x = paddle.concat([x, *[x[:, :, :1] * 0] * right], axis=2)
    return x


def split_windows(x, window: int):
    """[N, H, W, C] -> windows [N * K, window * window, C], K of them a picture, row by row."""
    height, width, channels = x.shape[1:]
    x = x.reshape([-1, height // window, window, width // window, window, channels])
    # In two steps: oneDNN takes the reshape next to a transpose into it, and a linear layer that then follows misreads the shape.
    x = x.transpose([0, 1, 3, 2, 4, 5]).reshape([-1, window, window, channels])
    return x.reshape([-1, window * window, channels])


def join_windows(x, window: int, height: int, width: int):
    """The inverse of `split_windows`: [N * K, window * window, C] -> [N, height, width, C]."""
    channels = x.shape[2]
    x = x.reshape([-1, height // window, width // window, window, window, channels])
    return x.transpose([0, 1, 3, 2, 4, 5]).reshape([-1, height, width, channels])


def relative_index(window: int):
    """For every pair of a window's tokens the row of the bias table that holds their offset, int64 [L * L], L = window * window."""
    tokens = paddle.arange(window * window)
    codes = tokens // window * (2 * window - 1) + tokens % window
    return (codes.unsqueeze(1) - codes + 2 * window * (window - 1)).reshape([-1])


def shift_mask(height: int, width: int, window: int, shift: Sequence[int]):
    """What to add to the attention in the windows of a map rolled by `shift` (down, right), float32 [K, 1, L, L].

    Rolling brings opposite edges of the picture into one window; tokens from different sides must not see each other.
    """
    rows = (paddle.arange(height) >= height - shift[0]).astype("int64").reshape([-1, 1, window, 1])
    columns = (paddle.arange(width) >= width - shift[1]).astype("int64").reshape([1, -1, 1, window])
    sides = (2 * rows + columns).reshape([-1, window * window])
    return (sides.unsqueeze(1) != sides.unsqueeze(2)).astype("float32").unsqueeze(1) * _FOREIGN


class WindowAttention(nn.Layer):
    """Self-attention within windows, with a learned bias for every relative position: [N * K, L, C] -> the same shape."""

    def __init__(self, width: int, heads: int, window: int):
        super().__init__()
        self.width, self.heads, self.length = width, heads, window * window
        self.relative_position_bias_table = self.create_parameter(
            [(2 * window - 1) ** 2, heads], default_initializer=nn.initializer.TruncatedNormal(std=0.02)
        )
        self.qkv = _linear(width, 3 * width)
        self.proj = _linear(width, width)

    def forward(self, x, index, mask):
        """index: of `relative_index`; mask: of `shift_mask`, or None where the windows are not shifted."""
        depth, length, heads = self.width // self.heads, self.length, self.heads
        qkv = self.qkv(x).reshape([-1, length, 3, heads, depth]).transpose([2, 0, 3, 1, 4])
        scores = paddle.matmul(qkv[0] * depth**-0.5, qkv[1], transpose_y=True)
        bias = paddle.gather(self.relative_position_bias_table, index).reshape([length, length, heads]).transpose([2, 0, 1])
        # Added at equal ranks: backwards, oneDNN lines up a lower rank with the first axes that fit, as when there are N = heads.
        bias = bias.unsqueeze(0)
        if mask is None:
            scores = scores + bias
        else:
            bias = (bias + mask.astype(bias.dtype)).unsqueeze(0)
            scores = (scores.reshape([-1, *bias.shape[1:]]) + bias).reshape([-1, heads, length, length])
        # Settled, since oneDNN's product goes wrong backwards on a gradient that comes out of a transpose.
        x = settle_layout(paddle.matmul(nn.functional.softmax(scores, axis=-1), qkv[2]), self.training)
        return self.proj(x.transpose([0, 2, 1, 3]).reshape([-1, length, self.width]))


class Mlp(nn.Layer):
    """Two linear layers with GELU between: [N, L, C] -> the same shape."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1 = _linear(width, 4 * width)
        self.fc2 = _linear(4 * width, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class SwinBlock(nn.Layer):
    """Window attention, then an MLP, each normalised before and added to its input: tokens [N, H * W, C] -> the same shape.

    size: (H, W). shift: by how many tokens the windows are moved down and right.
    """

    def __init__(self, width: int, heads: int, size: tuple[int, int], window: int, shift: tuple[int, int], drop_path: float):
        super().__init__()
        self.width, self.size, self.window, self.shift = width, size, window, shift
        self.padding = tuple(-side % window for side in size)
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, window)
        self.drop_path = DropPath(drop_path)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x, index, mask):
        x = x + self.drop_path(self._attend(self.norm1(x), index, mask))
        return x + self.drop_path(self.mlp(self.norm2(x)))

    def _attend(self, x, index, mask):
        height, width = self.size
        down, right = self.shift
        x = _pad(x.reshape([-1, height, width, self.width]), *self.padding)
        padded = x.shape[1:3]
        if down or right:
            x = paddle.roll(x, [-down, -right], [1, 2])
        x = self.attn(split_windows(x, self.window), index, mask if down or right else None)
        x = join_windows(x, self.window, *padded)
        if down or right:
            x = paddle.roll(x, [down, right], [1, 2])
        if any(self.padding):
            x = x[:, :height, :width]
        return x.reshape([-1, height * width, self.width])


class PatchMerging(nn.Layer):
    """Puts 2x2 tokens side by side and halves them: tokens [N, H * W, C] -> [N, ceil(H / 2) * ceil(W / 2), 2 * C]."""

    def __init__(self, width: int, size: tuple[int, int]):
        super().__init__()
        self.width, self.size = width, size
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = _linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        height, width = self.size
        x = _pad(x.reshape([-1, height, width, self.width]), height % 2, width % 2)
        height, width = (height + 1) // 2, (width + 1) // 2
        # The checkpoints' order: down the left column of the four, then down the right one.
        x = x.reshape([-1, height, 2, width, 2, self.width]).transpose([0, 1, 3, 4, 2, 5])
        # In two steps, as in `split_windows`.
        x = x.reshape([-1, height, width, 4 * self.width]).reshape([-1, height * width, 4 * self.width])
        return self.reduction(self.norm(x))


class Stage(nn.Layer):
    """Blocks on maps of one size, windows shifted in every second one, then the merging, if any, before the next stage."""

    def __init__(
        self, width: int, heads: int, size: tuple[int, int], window: int, drop_paths: Sequence[float], merge: bool, always_shift: bool
    ):
        super().__init__()
        self.window = window
        self.padded = tuple(side + -side % window for side in size)
        # A window that covers the map sees all of it wherever it lies.
        self.shift = tuple(window // 2 if always_shift or side > window else 0 for side in size)
        self.blocks = nn.LayerList(
            [SwinBlock(width, heads, size, window, self.shift if i % 2 else (0, 0), rate) for i, rate in enumerate(drop_paths)]
        )
        self.downsample = PatchMerging(width, size) if merge else None

    def forward(self, x):
        # Made within the program, not kept as buffers: a bundle holds the program and the trained weights, nothing else.
        index = relative_index(self.window)
        mask = shift_mask(*self.padded, self.window, self.shift) if any(self.shift) else None
        for block in self.blocks:
            x = block(x, index, mask)
        return x if self.downsample is None else self.downsample(x)


class PatchEmbed(nn.Layer):
    """One token for every patch of side x side px: [N, in_channels, H, W] -> [N, L, C]."""

    def __init__(self, in_channels: int, width: int, side: int):
        super().__init__()
        # As PyTorch initialises convolutions, which the authors leave alone.
        bound = (in_channels * side * side) ** -0.5
        uniform = paddle.ParamAttr(initializer=nn.initializer.Uniform(-bound, bound))
        self.proj = nn.Conv2D(in_channels, width, side, side, weight_attr=uniform, bias_attr=uniform)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(self.proj(x).flatten(2).transpose([0, 2, 1]))


class ConvStem(nn.Layer):
    """One token for every 4x4 px from overlapping convolutions: [N, in_channels, H, W] -> [N, L, C].

    The stem of Xiao et al., "Early Convolutions Help Transformers See Better", NeurIPS 2021 (arXiv 2106.14881): 3x3 convolutions, each
    with batch normalisation and ReLU, of which two have stride 2, then a 1x1 one.
    """

    def __init__(self, in_channels: int, width: int):
        super().__init__()
        self.conv1 = ConvBN(in_channels, width // 2, 3, 2)
        self.conv2 = ConvBN(width // 2, width // 2, 3)
        self.conv3 = ConvBN(width // 2, width, 3, 2)
        self.proj = nn.Conv2D(width, width, 1)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = nn.functional.relu(conv(x))
        return self.norm(self.proj(x).flatten(2).transpose([0, 2, 1]))


class SwinTransformer(Backbone):
    """A Swin Transformer of any width and depth: float32 [N, in_channels, H, W] -> logits [N, num_classes].

    width: channels of the first stage, doubled by each further one; depths, heads: blocks and attention heads of the stages;
    windows: side of the windows in tokens, one number or one a stage. input_size: the one size taken, px or (H, W) px.
    head: "pool" (mean over the tokens, the original) or "embedding" (`embedding_size` numbers from all of them, FaceX-Zoo's 512).
    final_norm: layer normalisation of the last tokens, which the released CFC-SP networks leave out. drop_path: rate of the last block,
    rising from 0 at the first. always_shift: shift also windows that cover the whole map, as PaddleClas 2.6 does; the original does not.
    stem: "patch" (4x4 px by one linear map, the original) or "conv" (`ConvStem`).
    Raises ValueError for keywords that do not fit together.
    """

    min_input = 32
    # The side of a patch.
    input_multiple = 4
    has_drop_path = True
    undecayed = ("relative_position_bias_table",)
    origins = ORIGINS

    def __init__(
        self,
        width: int,
        depths: Sequence[int],
        heads: Sequence[int],
        windows: int | Sequence[int] = 7,
        num_classes: int = 1000,
        in_channels: int = 3,
        head: str = "pool",
        input_size: int | tuple[int, int] = 224,
        final_norm: bool = True,
        dropout: float = 0.0,
        drop_path: float = 0.0,
        always_shift: bool = False,
        stem: str = "patch",
        embedding_size: int = 512,
    ):
        super().__init__(in_channels)
        count = len(depths)
        windows = [windows] * count if isinstance(windows, int) else windows
        self.input_size = (input_size, input_size) if isinstance(input_size, int) else tuple(input_size)
        if not 0 < count == len(heads) == len(windows):
            found = f"{count} depths, {len(heads)} heads, {len(windows)} windows"
            raise ValueError(f"SwinTransformer needs one number of blocks, of heads and one window a stage: got {found}")
        if any((width << i) % number for i, number in enumerate(heads)):
            raise ValueError(f"SwinTransformer's heads must divide the widths {[width << i for i in range(count)]}, found {list(heads)}")
        if head not in ("pool", "embedding"):
            raise ValueError(f"SwinTransformer head must be 'pool' or 'embedding', found {head!r}")
        if stem not in ("patch", "conv"):
            raise ValueError(f"SwinTransformer stem must be 'patch' or 'conv', found {stem!r}")
        if any(side < self.min_input or side % self.input_multiple for side in self.input_size):
            expected = f"multiples of {self.input_multiple} px and at least {self.min_input}"
            raise ValueError(f"SwinTransformer input_size must be {expected}, found {input_size}")
        if not 0 <= drop_path < 1:
            raise ValueError(f"SwinTransformer drop_path must be at least 0 and less than 1, found {drop_path}")
        conv = stem == "conv"
        self.patch_embed = ConvStem(in_channels, width) if conv else PatchEmbed(in_channels, width, self.input_multiple)
        size = tuple(side // self.input_multiple for side in self.input_size)
        rates = [drop_path * i / max(1, sum(depths) - 1) for i in range(sum(depths))]
        self.layers = nn.LayerList()
        for i, depth in enumerate(depths):
            before, last = sum(depths[:i]), i == count - 1
            self.layers.append(Stage(width << i, heads[i], size, windows[i], rates[before : before + depth], not last, always_shift))
            size = size if last else tuple((side + 1) // 2 for side in size)
        self.positions = size[0] * size[1]
        channels = width << count - 1
        self.norm = nn.LayerNorm(channels) if final_norm else None
        embedding = EmbeddingHead(channels, self.positions, embedding_size, norm=False) if head == "embedding" else None
        self.add_head(channels, num_classes, dropout, embedding)

    def forward_features(self, x):
        """[N, in_channels, H, W] -> the last tokens [N, L, C], row by row; ValueError for another size than `input_size`."""
        if tuple(x.shape[2:]) != self.input_size:
            raise ValueError(f"this SwinTransformer was built with input_size {self.input_size}, found pictures of {tuple(x.shape[2:])} px")
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        return x if self.norm is None else self.norm(x)

    def flat_features(self, features):
        """The last tokens [N, L, C] -> what the classifier sees, [N, num_features]."""
        # A sum, since oneDNN runs no 1-D pooling in bfloat16 and writes a line to standard output for every mean.
        return features.sum(axis=1) / self.positions if self.embedding is None else self.embedding(features)


_HEADS = (3, 6, 12, 24)


def swin_t(**keywords) -> SwinTransformer:
    return SwinTransformer(**{"width": 96, "depths": (2, 2, 6, 2), "heads": _HEADS, **keywords})


def swin_s(**keywords) -> SwinTransformer:
    return SwinTransformer(**{"width": 96, "depths": (2, 2, 18, 2), "heads": _HEADS, **keywords})


def swin_s_face(**keywords) -> SwinTransformer:
    """FaceX-Zoo's variant: 512-d embedding of the 49 last tokens."""
    return swin_s(**{"head": "embedding", **keywords})


def swin_s_abaw(**keywords) -> SwinTransformer:
    """The network of the released CFC-SP weights, which leaves the final normalisation out."""
    return swin_s(**{"final_norm": False, **keywords})


def swin_s_paddleclas(**keywords) -> SwinTransformer:
    """As PaddleClas computes it, whose last stage shifts its only window; for weights that were trained there."""
    return swin_s(**{"always_shift": True, **keywords})


def swin_lite(**keywords) -> SwinTransformer:
    """For 48 px and few pictures: maps of 12, 6 and 3 tokens a side, which the windows divide.

    From random weights the first steps teach the frequencies of the classes by a vector that all pictures share. Beside it the mean over
    the tokens loses what tells pictures apart; FaceX-Zoo's head, which normalises over the batch, keeps it.
    """
    lite = {
        "width": 48,
        "depths": (2, 4, 1),
        "heads": (3, 6, 12),
        "windows": (6, 6, 3),
        "input_size": 48,
        "stem": "conv",
        "head": "embedding",
        "embedding_size": 128,
    }
    return SwinTransformer(**{**lite, **keywords})
