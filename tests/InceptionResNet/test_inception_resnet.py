# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, Registered
from image_classification.InceptionResNet.inception_resnet import (
    BasicConv,
    Block,
    Branches,
    InceptionResNet,
    block17,
    block35,
    inception_resnet_face,
)
from tests.backbone_checks import check_batches, check_gradients, check_reset_classifier, check_static_training, count_trainable

# By the figures' numbers of channels, weights of convolutions, two numbers a normalised channel, and biases of what leads back.
BLOCK35 = 256 * 32 * 3 + 32 * 32 * 9 * 3 + 96 * 256 + 256 + 2 * 32 * 6
BLOCK17 = 896 * 128 * 2 + 128 * 128 * 7 * 2 + 256 * 896 + 896 + 2 * 128 * 4


def build(size=75):
    paddle.seed(0)
    model = InceptionResNet(num_classes=8, in_channels=1, blocks=(1, 1))
    return model, paddle.to_tensor(np.random.default_rng(0).normal(0, 1, (4, 1, size, size)).astype("float32"))


def test_gradients_reach_all():
    check_gradients(*build())


def test_pictures_do_not_depend_on_each_other():
    check_batches(*build())


def test_reset_classifier():
    check_reset_classifier(*build())


def test_counts():
    """The face network is the whole one less five of its second blocks."""
    assert count_trainable(InceptionResNet) - count_trainable(inception_resnet_face) == 5 * BLOCK17
    assert (count_trainable(lambda: block35(0.17)), count_trainable(lambda: block17(0.1))) == (BLOCK35, BLOCK17)


def test_maps_shrink_as_without_padding():
    model, pictures = build(112)
    model.eval()
    with paddle.no_grad():
        assert model.stem(pictures).shape == [4, 256, 11, 11]
        assert model.forward_features(pictures).shape == [4, 896, 5, 5]
        assert model.forward_features(paddle.zeros([1, 1, 64, 80])).shape == [1, 896, 2, 3]


def test_a_block_adds_a_share_of_its_branches():
    block = Block(Branches(paddle.nn.Identity(), paddle.nn.Identity()), 4, 2, 0.25)
    weight = np.random.default_rng(0).normal(0, 1, (2, 4)).astype(np.float32)
    block.up.weight.set_value(weight[:, :, None, None])
    block.up.bias.set_value(np.float32([0.5, -8]))
    x = np.random.default_rng(1).normal(0, 1, (3, 2)).astype(np.float32)
    expected = np.maximum(x + 0.25 * (np.concatenate([x, x], 1) @ weight.T + np.float32([0.5, -8])), 0)
    with paddle.no_grad():
        found = block(paddle.to_tensor(x[:, :, None, None])).numpy()[:, :, 0, 0]
    assert (expected[:, 0] > 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("sides", [(1, 7), (7, 1)])
def test_a_flat_kernel_sees_its_own_direction(sides):
    unit = BasicConv(1, 1, sides)
    unit.eval()
    unit.conv_bn.conv.weight.set_value(np.ones((1, 1, *sides), np.float32))
    spot = np.zeros((1, 1, 9, 9), np.float32)
    spot[0, 0, 4, 4] = 1
    with paddle.no_grad():
        found = unit(paddle.to_tensor(spot)).numpy()[0, 0] > 0
    assert found.any(1).sum() == sides[0] and found.any(0).sum() == sides[1]


def test_a_static_program_trains_as_eager_mode_does(tmp_path, monkeypatch):
    def short(**keywords) -> InceptionResNet:
        return InceptionResNet(blocks=(1, 1), **keywords)

    monkeypatch.setitem(BACKBONES, "inception_resnet_face", Registered(InceptionResNet, short))
    check_static_training(tmp_path, "inception_resnet_face", 75)
