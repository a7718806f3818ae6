# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import paddle
import pytest
from paddle import nn

from image_classification.backbones import build_backbone
from image_classification.SwinTransformer.swin import WindowAttention
from tools.benchmarks import network_speed
from tools.benchmarks.counting import count_macs, count_parameters

FAMILIES = {
    **{"repvgg_lite": "RepVGG", "swin_lite": "SwinTransformer", "iresnet_lite": "IResNet", "hrnet_lite": "HRNet"},
    **{"mobilenet": "MobileNet", "mobilenet_face": "MobileNet"},
}
CARD_ROWS = [
    *(("repvgg_lite", 1, 48), ("repvgg_lite", 1, 64), ("swin_lite", 1, 48), ("iresnet_lite", 1, 48), ("hrnet_lite", 3, 48)),
    *(("mobilenet", 1, 112), ("mobilenet_face", 3, 112), ("mobilenet_face", 1, 88)),
]
ROOT = Path(network_speed.__file__).resolve().parents[2]
CARDS = ROOT / "image_classification"


def test_macs_are_those_of_plain_loops():
    net = nn.Sequential(nn.Conv2D(4, 6, 3, stride=2, groups=2), nn.Flatten(), nn.Linear(6 * 4 * 3, 5))
    multiplied = 0
    for _ in range(6 * 4 * 3):  # every number of the map [6, 4, 3]
        multiplied += 2 * 3 * 3
    for _ in range(5):
        multiplied += 6 * 4 * 3
    assert count_macs(net, paddle.zeros([1, 4, 9, 7])) == multiplied


def test_attention_counts_its_two_products():
    width, heads, length, windows = 12, 3, 4, 5
    attention = WindowAttention(width, heads, window=2)
    dense = windows * length * width * (3 * width + width)
    products = sum(2 * width // heads for _ in range(windows * heads * length * length))
    found = count_macs(attention, paddle.zeros([windows, length, width]), paddle.zeros([length * length], "int64"), None)
    assert found == dense + products


@pytest.mark.parametrize(("name", "channels", "side"), CARD_ROWS)
def test_the_cards_hold_the_counts(name, channels, side):
    card = (CARDS / FAMILIES[name] / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{name}` \|.* {side} px {'grey' if channels == 1 else 'RGB'} \|.*$", card, re.M)[0]
    net = build_backbone(name, num_classes=8, in_channels=channels, input_size=side)
    net.eval()
    picture = paddle.zeros([1, channels, side, side])
    expected = [f"{count_parameters(net) / 1e6:.2f} M", f"{count_macs(net, picture) / 1e6:.0f} M"]
    if hasattr(net, "fuse"):
        net.fuse()
        expected.append(f"{count_macs(net, picture) / 1e6:.0f} M")
    cells = [cell.strip() for cell in row.split("|")]
    assert all(cell in cells for cell in expected), (expected, row)
