# SPDX-License-Identifier: Apache-2.0
"""From crops to the network's input, as a layer: the same one in training, in export and in prediction."""

from collections.abc import Iterable

import paddle
from paddle import nn

# ITU-R BT.601 luma; a grey picture stored as RGB stays what it is, since the three sum to 1.
LUMA = (0.299, 0.587, 0.114)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# What FaceX-Zoo's networks see: pixels as OpenCV reads them, in the order BGR.
FACEXZOO_MEAN, FACEXZOO_STD = 127.5 / 255, 128 / 255
NORMALIZATIONS = ("image", "imagenet", "facexzoo")


class Preprocess(nn.Layer):
    """uint8 RGB crops [N, S, S, 3] in [0, 255] -> float32 [N, channels, size, size].

    channels: 1 (grey) or 3; normalize, one of NORMALIZATIONS: "image" subtracts each picture's own mean and divides by its own deviation,
    "imagenet" uses ImageNet's fixed ones, "facexzoo" gives (x - 127.5) / 128, colours in the order BGR. Crops of another size than `size`
    are resized bilinearly.
    """

    def __init__(self, crop_size: int, size: int, channels: int = 3, normalize: str = "imagenet"):
        super().__init__()
        self.crop_size, self.size, self.channels, self.normalize = crop_size, size, channels, normalize
        if normalize == "facexzoo":
            self.mean, self.std = [FACEXZOO_MEAN] * channels, [FACEXZOO_STD] * channels
        elif channels == 1:
            self.mean = [sum(m * w for m, w in zip(IMAGENET_MEAN, LUMA, strict=True))]
            self.std = [sum(s * w for s, w in zip(IMAGENET_STD, LUMA, strict=True))]
        else:
            self.mean, self.std = list(IMAGENET_MEAN), list(IMAGENET_STD)

    def forward(self, crops):
        x = crops.astype("float32") / 255.0
        if self.channels == 1:
            x = x[:, :, :, 0:1] * LUMA[0] + x[:, :, :, 1:2] * LUMA[1] + x[:, :, :, 2:3] * LUMA[2]
            x = x.reshape([-1, 1, self.crop_size, self.crop_size])
        else:
            if self.normalize == "facexzoo":
                x = paddle.concat([x[:, :, :, 2:3], x[:, :, :, 1:2], x[:, :, :, 0:1]], axis=3)
            x = x.transpose([0, 3, 1, 2])
        if self.size != self.crop_size:
            weights = bilinear_weights(self.crop_size, self.size)
            # Weights on the left both times: with them on the right of grey pictures oneDNN crashes (Paddle 3.3.1, Intel).
            for _ in ("rows", "columns"):
                x = paddle.matmul(weights, x).transpose([0, 1, 3, 2])
        if self.normalize == "image":
            # Pictures as channels: what differs from channel to channel oneDNN subtracts five times as fast as what differs from picture to
            # picture. Sums, since it writes a line to standard output for every mean it takes on.
            x = x.reshape([1, -1, self.channels * self.size, self.size])
            count = self.channels * self.size * self.size
            mean = x.sum(axis=[2, 3], keepdim=True) / count
            # By the second moment: oneDNN fuses (x - mean).square() into the subtraction and hands the square to its other reader too.
            variance = nn.functional.relu((x * x).sum(axis=[2, 3], keepdim=True) / count - mean * mean)
            # The floor keeps a black or constant crop finite.
            std = variance.sqrt() + 1e-3
            return ((x - mean) / std).reshape([-1, self.channels, self.size, self.size])
        mean = paddle.to_tensor(self.mean, dtype="float32").reshape([1, -1, 1, 1])
        std = paddle.to_tensor(self.std, dtype="float32").reshape([1, -1, 1, 1])
        return (x - mean) / std


def bilinear_weights(before: int, after: int):
    """What each of `before` pixels adds to each of `after`, float32 [after, before], in a bilinear resize about the pixels' centres.

    Not paddle's interpolate, which oneDNN refuses in programs of Paddle 3.3.
    """
    centres = (paddle.arange(after, dtype="float32") + 0.5) * (before / after) - 0.5
    # Pixels beyond the edge are the edge's own.
    centres = paddle.minimum(nn.functional.relu(centres), paddle.full([1], before - 1.0))
    return nn.functional.relu(1 - (centres.unsqueeze(1) - paddle.arange(before, dtype="float32")).abs())


class ExpressionNet(nn.Layer):
    """A backbone with its preprocessing in front: uint8 RGB crops [N, S, S, 3] -> logits float32 [N, classes]."""

    def __init__(self, preprocess: Preprocess, backbone: nn.Layer):
        super().__init__()
        self.preprocess, self.backbone = preprocess, backbone
        self._frozen: tuple[str, ...] = ()

    def freeze(self, names: Iterable[str]) -> None:
        """Keeps the first parts of the backbone, called `names`, as they are: training changes neither weights nor statistics there.

        Raises KeyError for a name that is no part, and ValueError where another part comes before: a gradient that crosses frozen
        normalisation crashes oneDNN (Paddle 3.3.1).
        """
        parts = dict(self.backbone.named_sublayers())
        frozen = {parameter.name for name in names for parameter in parts[name].parameters()}
        for number, parameter in enumerate(self.backbone.parameters()):
            if (parameter.name in frozen) != (number < len(frozen)):
                raise ValueError(f"parts after the first: {', '.join(names)}")
            parameter.trainable = parameter.trainable and parameter.name not in frozen
        self._frozen = tuple(names)

    def train(self) -> None:
        """Training mode for all but the frozen parts."""
        super().train()
        parts = dict(self.backbone.named_sublayers())
        for name in self._frozen:
            parts[name].eval()

    def forward(self, crops):
        return self.backbone(self.preprocess(crops))
