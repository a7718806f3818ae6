"""From crops to the network's input, as a layer: the same one in training, in export and in prediction."""

import paddle
from paddle import nn

# ITU-R BT.601 luma; a grey picture stored as RGB stays what it is, since the three sum to 1.
LUMA = (0.299, 0.587, 0.114)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Preprocess(nn.Layer):
    """uint8 RGB crops [N, S, S, 3] in [0, 255] -> float32 [N, channels, size, size].

    channels: 1 (grey) or 3; normalize: "image" subtracts each picture's own mean and divides by its own deviation, "imagenet"
    uses ImageNet's fixed ones. Crops of another size than `size` are resized bilinearly.
    """

    def __init__(self, crop_size: int, size: int, channels: int = 3, normalize: str = "imagenet"):
        super().__init__()
        self.crop_size, self.size, self.channels, self.normalize = crop_size, size, channels, normalize

    def forward(self, crops):
        x = crops.astype("float32") / 255.0
        if self.channels == 1:
            x = (x[:, :, :, 0:1] * LUMA[0] + x[:, :, :, 1:2] * LUMA[1] + x[:, :, :, 2:3] * LUMA[2]).reshape(
                [-1, 1, self.crop_size, self.crop_size]
            )
            mean, std = sum(m * w for m, w in zip(IMAGENET_MEAN, LUMA, strict=True)), IMAGENET_STD[1]
        else:
            x = x.transpose([0, 3, 1, 2])
            mean, std = (paddle.to_tensor(v, dtype="float32").reshape([1, 3, 1, 1]) for v in (IMAGENET_MEAN, IMAGENET_STD))
        if self.size != self.crop_size:
            x = nn.functional.interpolate(x, size=[self.size, self.size], mode="bilinear")
        if self.normalize == "image":
            mean = x.mean(axis=[1, 2, 3], keepdim=True)
            # The floor keeps a black or constant crop finite.
            std = (x - mean).square().mean(axis=[1, 2, 3], keepdim=True).sqrt() + 1e-3
        return (x - mean) / std


class ExpressionNet(nn.Layer):
    """A backbone with its preprocessing in front: uint8 RGB crops [N, S, S, 3] -> logits float32 [N, classes]."""

    def __init__(self, preprocess: Preprocess, backbone: nn.Layer):
        super().__init__()
        self.preprocess, self.backbone = preprocess, backbone

    def forward(self, crops):
        return self.backbone(self.preprocess(crops))
