# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, Registered
from image_classification.MobileNet.mobilenet import PAIRS, MobileNet, SeparableConv, mobilenet, mobilenet_face
from tests.backbone_checks import check_batches, check_gradients, check_reset_classifier, check_static_training, count_trainable

# Table 1 with its classifier for 1000 classes: 4.2 M parameters and 569 M multiply-adds (Table 4).
PAPER = 4_231_976


def build(channels=1, face=False):
    paddle.seed(0)
    model = MobileNet(num_classes=8, in_channels=channels, width=0.25, face=face)
    return model, paddle.to_tensor(np.random.default_rng(0).normal(0, 1, (4, channels, 64, 64)).astype("float32"))


@pytest.mark.parametrize("face", [False, True])
def test_gradients_reach_all(face):
    check_gradients(*build(face=face))


def test_pictures_do_not_depend_on_each_other():
    model, pictures = build(channels=3)
    model.train()
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._momentum = 0.0  # the statistics of the batch that comes, so that differences reach the end
    model(pictures)
    check_batches(model, pictures)


def test_reset_classifier():
    check_reset_classifier(*build())


def test_a_pair_against_numpy():
    """Depthwise with its stride, then across the channels, each normalised and cut to [0, 6]."""
    rng = np.random.default_rng(1)
    pair = SeparableConv(3, 5, 2)
    pair.eval()
    kernels = rng.normal(0, 3, (3, 1, 3, 3)), rng.normal(0, 1, (5, 3, 1, 1))
    shifts = rng.normal(0, 1, 3), rng.normal(0, 1, 5)
    for part, kernel, shift in zip((pair.depthwise, pair.pointwise), kernels, shifts, strict=True):
        part.conv_bn.conv.weight.set_value(kernel.astype("float32"))
        part.conv_bn.bn.bias.set_value(shift.astype("float32"))
    x = rng.normal(0, 2, (3, 7, 7))
    scale = 1 / np.sqrt(1 + pair.depthwise.conv_bn.bn._epsilon)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))[:, ::2, ::2]
    middle = np.clip(np.einsum("chwkl,ckl->chw", windows, kernels[0][:, 0]) * scale + shifts[0][:, None, None], 0, 6)
    expected = np.clip(np.einsum("chw,oc->ohw", middle, kernels[1][:, :, 0, 0]) * scale + shifts[1][:, None, None], 0, 6)
    assert (middle == 6).any() and (expected == 6).any()
    with paddle.no_grad():
        found = pair(paddle.to_tensor(x[None].astype("float32"))).numpy()[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_counts_are_the_papers():
    assert count_trainable(lambda: mobilenet(num_classes=1000)) == PAPER
    assert len(PAIRS) == 13


@pytest.mark.parametrize("size", [(32, 32), (49, 71), (112, 96)])
def test_takes_any_size(size):
    model = MobileNet(num_classes=3, width=0.25)
    model.eval()
    with paddle.no_grad():
        features = model.forward_features(paddle.zeros([1, 3, *size]))
        assert features.shape == [1, 256, *(-(-side // 32) for side in size)]
        assert model(paddle.zeros([1, 3, *size])).shape == [1, 3]


def test_sface_keeps_every_position_in_its_stem():
    model = mobilenet_face(num_classes=3, width=0.25, in_channels=1)
    model.eval()
    with paddle.no_grad():
        assert model.stem(paddle.zeros([1, 1, 48, 40])).shape == [1, 8, 48, 40]
        assert model.forward_features(paddle.zeros([1, 1, 48, 40])).shape == [1, 256, 3, 3]


def test_a_width_that_makes_no_network():
    with pytest.raises(ValueError, match="width above 0"):
        MobileNet(width=0)


def test_a_static_program_trains_as_eager_mode_does(tmp_path, monkeypatch):
    """oneDNN's depthwise convolutions and their gradients, in the layouts that it chooses."""

    def narrow(**keywords) -> MobileNet:
        return MobileNet(width=0.25, **keywords)

    # With freshly drawn weights rounding grows from pair to pair; six hold every kind. Where it turns a ReLU6 on or off, a gradient jumps
    # by percents, in eager mode against float64 too; a smooth function shows the convolutions alone.
    monkeypatch.setattr("image_classification.MobileNet.mobilenet.PAIRS", PAIRS[:6])
    monkeypatch.setattr("image_classification.MobileNet.mobilenet.nn.ReLU6", paddle.nn.Tanh)
    monkeypatch.setitem(BACKBONES, "mobilenet", Registered(MobileNet, narrow))
    check_static_training(tmp_path, "mobilenet", 96)
